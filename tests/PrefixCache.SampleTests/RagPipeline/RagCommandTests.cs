using System.Text.Json.Nodes;
using PrefixCache.Samples.RagPipeline.Corpus;
using PrefixCache.SampleTests.Reference;
using PrefixCache.SampleTests.Serving;

namespace PrefixCache.SampleTests.RagPipeline;

public class RagCommandTests
{
    [Fact]
    public void Run_FourQuestions_EqualOutputsAndReuseInBothOrders()
    {
        using ModelFolder folder = ModelFolder.Empty();
        string file = Path.Combine(folder.FolderPath, "report.json");
        (int code, string output, string error) = Run("--questions", "4", "--json", file);
        Assert.True(code == 0, error);
        Assert.Contains("random", output, StringComparison.Ordinal);
        JsonNode report = JsonNode.Parse(File.ReadAllText(file))!;
        Assert.True(report["outputs_equal"]!.GetValue<bool>());
        JsonArray orders = report["orders"]!.AsArray();
        Assert.Equal(["rank", "stable"], orders.Select(order => order!["order"]!.GetValue<string>()));
        Assert.All(orders, order =>
        {
            JsonArray questions = order!["questions"]!.AsArray();
            Assert.Equal(4, questions.Count);
            // Each order begins with a cache that is empty to it.
            Assert.Equal(0, questions[0]!["reused_tokens"]!.GetValue<int>());
            Assert.All(questions.Skip(1), question => Assert.True(question!["reused_tokens"]!.GetValue<int>() > 256));
            int computed = questions.Sum(q => q!["prompt_tokens"]!.GetValue<int>() - q["reused_tokens"]!.GetValue<int>());
            Assert.Equal(computed, order["tokens_prefilled"]!.GetValue<int>());
            Assert.InRange(order["hit_rate_tokens"]!.GetValue<double>(), 0.1, 1);
        });
    }

    [Theory]
    [InlineData("--questions", "0")]
    [InlineData("--questions", "1000")]
    [InlineData("--no-such-option")]
    public void Run_BadInput_ExitCode2AndAReason(params string[] arguments)
    {
        (int code, _, string error) = Run(arguments);
        Assert.Equal(2, code);
        Assert.Contains("rag-pipeline: ", error, StringComparison.Ordinal);
    }

    private static (int Code, string Output, string Error) Run(params string[] arguments) =>
        SampleProcess.Run(typeof(RagTexts).Assembly, arguments);
}
