using System.Text.Json.Nodes;
using PrefixCache.Samples.Llama.Model;
using PrefixCache.Samples.Serving.Processes;
using PrefixCache.Samples.Serving.Prompts;
using PrefixCache.SampleTests.Reference;

namespace PrefixCache.SampleTests.Serving;

public class WorkerLoopTests
{
    [Fact]
    public async Task RunAsync_RequestsAndGarbage_AnswersEachLineAndGoesOn()
    {
        using LlamaModel model = LlamaModel.FromSeed(TinyModels.Grouped, 41);
        using PromptWorker worker = new(model, new LocalPrefixStore(), 64);
        string[] lines =
        [
            """{"tokens":[1,2,3,4],"output_tokens":3}""",
            "not a request",
            "null",
            """{"tokens":[],"output_tokens":3}""",
            """{"tokens":[100000],"output_tokens":3}""",
            """{"tokens":[1,2,3,5],"output_tokens":3}""",
        ];
        using StringReader input = new(string.Join("\n", lines));
        using StringWriter output = new();
        await WorkerLoop.RunAsync(input, output, worker, TestContext.Current.CancellationToken);

        JsonNode[] replies =
            [.. output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
        Assert.Equal(1 + lines.Length, replies.Length);
        Assert.True(replies[0]["ready"]!.GetValue<bool>());
        Assert.Equal(3, replies[1]["result"]!["output_tokens"]!.AsArray().Count);
        Assert.All(replies[2..6], reply => Assert.NotEmpty(reply["error"]!.GetValue<string>()));
        Assert.Equal(3, replies[6]["result"]!["reused_tokens"]!.GetValue<int>());
        Assert.Equal("process", replies[6]["result"]!["plane"]!.GetValue<string>());
    }
}
