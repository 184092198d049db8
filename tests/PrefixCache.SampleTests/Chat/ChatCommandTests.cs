using System.Text.Json.Nodes;
using PrefixCache.Samples.Chat.Conversations;
using PrefixCache.SampleTests.Reference;
using PrefixCache.SampleTests.Serving;

namespace PrefixCache.SampleTests.Chat;

public class ChatCommandTests
{
    [Fact]
    public void Run_TwoShortConversations_EqualOutputsAndAnswersReused()
    {
        using ModelFolder folder = ModelFolder.Empty();
        string file = Path.Combine(folder.FolderPath, "report.json");
        (int code, string output, string error) = Run("--conversations", "2", "--turns", "3", "--json", file);
        Assert.True(code == 0, error);
        Assert.Contains("random", output, StringComparison.Ordinal);
        JsonNode report = JsonNode.Parse(File.ReadAllText(file))!;
        Assert.True(report["outputs_equal"]!.GetValue<bool>());
        Assert.InRange(report["hit_rate_tokens"]!.GetValue<double>(), 0.6, 1);
        Assert.True(report["reused_answer_tokens"]!.GetValue<int>() > 0);
        JsonArray turns = report["turns"]!.AsArray();
        Assert.Equal(["01-soup/1", "02-balcony/1", "01-soup/2", "02-balcony/2", "01-soup/3", "02-balcony/3"],
            turns.Select(turn => $"{turn!["conversation"]}/{turn["turn"]}"));
        Assert.Equal(0, turns[0]!["reused_tokens"]!.GetValue<int>());
        for (int i = 2; i < turns.Count; i++)
        {
            // At least the whole prompt of the turn before, but for a part of a chunk.
            int before = turns[i - 2]!["prompt_tokens"]!.GetValue<int>();
            Assert.InRange(turns[i]!["reused_tokens"]!.GetValue<int>(), before - 64, turns[i]!["prompt_tokens"]!.GetValue<int>() - 1);
        }
    }

    [Theory]
    [InlineData("--conversations", "7")]
    [InlineData("--turns", "0")]
    [InlineData("--turns", "many")]
    [InlineData("--server", "127.0.0.1:7420")]
    [InlineData("--token-file", "no-such-file")]
    [InlineData("--model", "no-such-folder")]
    [InlineData("--json", "-")]
    [InlineData("--json", "no-such-folder/report.json")]
    public void Run_BadInput_ExitCode2AndAReasonBeforeAnyWork(params string[] arguments)
    {
        (int code, string output, string error) = Run(arguments);
        Assert.Equal((2, ""), (code, output));
        Assert.StartsWith("chat: ", error, StringComparison.Ordinal);
        Assert.Contains(arguments[0], error, StringComparison.Ordinal);
    }

    [Fact]
    public void RunWorker_FaultyAddress_ExitCode2AndAReason()
    {
        (int code, _, string error) = Run("worker", "--server", "nonsense");
        Assert.Equal(2, code);
        Assert.Contains("chat: ", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_Help_ShowsExamplesAndOptions()
    {
        (int code, string output, _) = Run("--help");
        Assert.Equal(0, code);
        foreach (string part in (string[])["dotnet run", "--conversations", "--turns", "--server", "--json"])
            Assert.Contains(part, output, StringComparison.Ordinal);
    }

    private static (int Code, string Output, string Error) Run(params string[] arguments) =>
        SampleProcess.Run(typeof(ChatTexts).Assembly, arguments);
}
