using System.Text.Json.Nodes;
using PrefixCache.Samples.ClinicalExtraction.Corpus;
using PrefixCache.Samples.ClinicalExtraction.Reports;
using PrefixCache.Samples.Serving.Prompts;
using Spectre.Console;

namespace PrefixCache.SampleTests.Clinical;

public class ReportTests
{
    private static readonly ClinicalNote[] Notes = [new("01", "a"), new("[02]", "b"), new("03", "c")];

    [Fact]
    public void Write_Report_HasTheDocumentedKeysAndFigures()
    {
        JsonObject json = JsonNode.Parse(ReportJson.Write(Report(lastOutput: 9)))!.AsObject();
        Assert.Equal(
            ["outputs_equal", "plane", "hit_rate_tokens", "prefill_seconds_saved", "median_ttft_ms_without", "median_ttft_ms_with",
                "notes", "shared_tokens", "shared_tokens_reused", "shared_tokens_in_whole_chunks", "evicted_chunks"],
            json.Select(p => p.Key));
        Assert.True(json["outputs_equal"]!.GetValue<bool>());
        Assert.Equal("stream", json["plane"]!.GetValue<string>());
        Assert.Equal(0.5, json["hit_rate_tokens"]!.GetValue<double>());
        Assert.Equal(0.35, json["prefill_seconds_saved"]!.GetValue<double>(), 9);
        Assert.Equal(300, json["median_ttft_ms_without"]!.GetValue<double>());
        Assert.Equal(100, json["median_ttft_ms_with"]!.GetValue<double>());
        Assert.Equal((70, 50, 0), (json["shared_tokens"]!.GetValue<int>(), json["shared_tokens_reused"]!.GetValue<int>(),
            json["shared_tokens_in_whole_chunks"]!.GetValue<int>()));
        JsonArray notes = json["notes"]!.AsArray();
        Assert.Equal(3, notes.Count);
        Assert.Equal(["prompt_tokens", "reused_tokens", "ttft_ms_without", "ttft_ms_with"], notes[1]!.AsObject().Select(p => p.Key));
        Assert.Equal((200, 150), (notes[1]!["prompt_tokens"]!.GetValue<int>(), notes[1]!["reused_tokens"]!.GetValue<int>()));
    }

    [Fact]
    public void Compare_OneTokenDiffers_OutputsAreNotEqual()
    {
        ExtractionReport report = Report(lastOutput: 8);
        Assert.False(report.OutputsEqual);
        Assert.Equal([true, true, false], report.Notes.Select(n => n.OutputsEqual));
    }

    [Fact]
    public void Compare_ResultsMissing_Refused() =>
        Assert.Throws<ArgumentException>(() => ExtractionReport.Compare(Notes, [], []));

    [Fact]
    public void Write_Table_ShowsEveryNoteAndTheTotals()
    {
        using StringWriter text = new();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(text), Ansi = AnsiSupport.No });
        ReportTable.Write(console, Report(lastOutput: 8));
        string shown = text.ToString();
        foreach (string part in (string[])["01", "[02]", "DIFFER", "differ between the runs", "50.0 %", "0.35", "67 % saved"])
            Assert.Contains(part, shown, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_Explained_SaysWhatWasExpectedDecidedAndTaken()
    {
        using StringWriter text = new();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(text), Ansi = AnsiSupport.No });
        console.Profile.Width = 120;
        ExtractionReport report = Report(lastOutput: 9, explain: true);
        ExplainTable.Write(console, report);
        string[] rows =
            [.. text.ToString().Split('\n').Select(row => string.Join(' ', row.Split(' ', StringSplitOptions.RemoveEmptyEntries)))];
        foreach (string row in (string[])["01 0 0 - - - compute - 1.5 - 300.0", "[02] 90 60 host 0-150 12.5 ? load unknown 25.0 13.0 40.0",
            "redis 90-150 4.5 ? load unknown", "03 50 0 host 0-50 900.0 60.0 compute estimate 0.5 - 95.0"])
            Assert.Contains(row, rows);
        JsonArray notes = JsonNode.Parse(ReportJson.Write(report))!["notes"]!.AsArray();
        Assert.Equal("""{"tiers":[{"tier":"host","first_token":0,"end_token":50,"expected_load_ms":900,"expected_compute_ms":60,"""
            + "\"load\":false,\"reason\":\"estimate\"}],\"loaded_tokens\":0,\"load_ms\":0,\"computed_tokens\":100,\"compute_ms\":95,"
            + "\"lookup_ms\":0.5,\"host_tokens\":50,\"redis_tokens\":0}",
            notes[2]!["explain"]!.ToJsonString());
    }

    [Fact]
    public void Write_NotExplained_ShowsNoTable()
    {
        using StringWriter text = new();
        AnsiConsoleSettings settings = new() { Out = new AnsiConsoleOutput(text), Ansi = AnsiSupport.No };
        ExplainTable.Write(AnsiConsole.Create(settings), Report(lastOutput: 9));
        Assert.Equal("", text.ToString());
    }

    private static ExtractionReport Report(int lastOutput, bool explain = false)
    {
        LoadAccount[] accounts =
        [
            new([], 0, 0, 100, 300) { LookupMs = 1.5 },
            new([new TierAdvice("host", 0, 150, 12.5, null, true, "unknown"), new TierAdvice("redis", 90, 150, 4.5, null, true, "unknown")],
                150, 13, 50, 40) { LookupMs = 25 },
            new([new TierAdvice("host", 0, 50, 900, 60, false, "estimate")], 0, 0, 100, 95) { LookupMs = 0.5 },
        ];
        // 200 + 300 + 310 ms against 310 + 50 + 100: the first note pays for storing, the others gain.
        PromptResult[] without = [new(100, 0, 200, [1, 2]), new(200, 0, 300, [3]), new(100, 0, 310, [7, 9])];
        PromptResult[] with =
            [new(100, 0, 310, [1, 2]), new(200, 150, 50, [3], "stream"), new(100, 50, 100, [7, lastOutput], "stream")];
        for (int i = 0; i < with.Length; i++) with[i] = with[i] with { Account = accounts[i] };
        return ExtractionReport.Compare(Notes, without, with, sharedTokens: 70, evicted: 5, explain);
    }
}
