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
        (int code, string output, string error) = Run("--json", file);
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
        Assert.All(notes, note => Assert.True(note!["ttft_ms_with"]!.GetValue<double>() > 0));
    }

    [Theory]
    [InlineData("--model", "no-such-folder")]
    [InlineData("--no-such-option")]
    [InlineData("worker", "--server", "http://127.0.0.1:1")]
    [InlineData("worker", "--server", "nonsense")]
    [InlineData("worker", "--server", "http://127.0.0.1:1", "--token-file", "no-such-file")]
    public void Run_BadInput_ExitCode2AndAReason(params string[] arguments)
    {
        (int code, _, string error) = Run(arguments);
        Assert.Equal(2, code);
        Assert.Contains("clinical-extraction: ", error, StringComparison.Ordinal);
    }

    private static (int Code, string Output, string Error) Run(params string[] arguments) =>
        SampleProcess.Run(typeof(ClinicalCorpus).Assembly, arguments);
}
