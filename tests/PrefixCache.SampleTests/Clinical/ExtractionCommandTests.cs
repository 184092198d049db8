using System.Text.Json.Nodes;
using PrefixCache.Samples.ClinicalExtraction.Corpus;
using PrefixCache.SampleTests.Reference;
using PrefixCache.SampleTests.Serving;

namespace PrefixCache.SampleTests.Clinical;

public class ExtractionCommandTests
{
    [Fact]
    public void Run_NoOptions_DoesTheMainJobInWorkerProcesses()
    {
        using ModelFolder folder = ModelFolder.Empty();
        string file = Path.Combine(folder.FolderPath, "report.json");
        (int code, string output, string error) = Run("--json", file, "--explain");
        Assert.True(code == 0, error);
        Assert.Contains("random", output, StringComparison.Ordinal);
        JsonNode report = JsonNode.Parse(File.ReadAllText(file))!;
        Assert.True(report["outputs_equal"]!.GetValue<bool>());
        Assert.InRange(report["hit_rate_tokens"]!.GetValue<double>(), 0.6, 1);
        JsonArray notes = report["notes"]!.AsArray();
        Assert.Equal(24, notes.Count);
        Assert.Equal(0, notes[0]!["reused_tokens"]!.GetValue<int>());
        Assert.All(notes.Skip(1),
            note => Assert.InRange(note!["reused_tokens"]!.GetValue<int>(), 900, note["prompt_tokens"]!.GetValue<int>() - 1));
        int shared = report["shared_tokens"]!.GetValue<int>();
        Assert.InRange(shared, 900, 1000);
        Assert.Equal((shared, 768),
            (report["shared_tokens_reused"]!.GetValue<int>(), report["shared_tokens_in_whole_chunks"]!.GetValue<int>()));
        Assert.InRange(report["evicted_chunks"]!.GetValue<int>(), 24, int.MaxValue);
        Assert.All(notes, note => Assert.True(note!["ttft_ms_with"]!.GetValue<double>() > 0));
        AssertExplained(output, notes);
    }

    [Theory]
    [InlineData("--model", "no-such-folder")]
    [InlineData("--no-such-option")]
    [InlineData("--notes", "0")]
    [InlineData("--notes", "25")]
    [InlineData("--cold")]
    [InlineData("--redis", "nowhere:0")]
    [InlineData("--redis", "127.0.0.1:6379", "--server", "http://127.0.0.1:1")]
    [InlineData("--redis", "127.0.0.1:1")]
    [InlineData("worker", "--server", "http://127.0.0.1:1")]
    [InlineData("worker", "--server", "nonsense")]
    [InlineData("worker", "--server", "http://127.0.0.1:1", "--token-file", "no-such-file")]
    public void Run_BadInput_ExitCode2AndAReason(params string[] arguments)
    {
        (int code, _, string error) = Run(arguments);
        Assert.Equal(2, code);
        Assert.Contains("clinical-extraction: ", error, StringComparison.Ordinal);
    }

    /// <summary>The first note was unknown; of every other one the node had what was reused, and expected loading to be faster.</summary>
    private static void AssertExplained(string output, JsonArray notes)
    {
        Assert.Contains("Load or compute", output, StringComparison.Ordinal);
        Assert.Contains("estimate", output, StringComparison.Ordinal);
        Assert.Empty(notes[0]!["explain"]!["tiers"]!.AsArray());
        Assert.All(notes.Skip(1), note =>
        {
            JsonNode explain = note!["explain"]!, tier = Assert.Single(explain["tiers"]!.AsArray())!;
            Assert.Equal(("host", "estimate", true), (tier["tier"]!.GetValue<string>(), tier["reason"]!.GetValue<string>(),
                tier["load"]!.GetValue<bool>()));
            double load = tier["expected_load_ms"]!.GetValue<double>();
            Assert.InRange(load, 0.001, tier["expected_compute_ms"]!.GetValue<double>());
            Assert.Equal(note["reused_tokens"]!.GetValue<int>(), explain["loaded_tokens"]!.GetValue<int>());
            Assert.Equal(note["prompt_tokens"]!.GetValue<int>(),
                explain["loaded_tokens"]!.GetValue<int>() + explain["computed_tokens"]!.GetValue<int>());
            Assert.True(explain["load_ms"]!.GetValue<double>() > 0 && explain["compute_ms"]!.GetValue<double>() > 0);
        });
    }

    private static (int Code, string Output, string Error) Run(params string[] arguments) =>
        SampleProcess.Run(typeof(ClinicalCorpus).Assembly, arguments);
}
