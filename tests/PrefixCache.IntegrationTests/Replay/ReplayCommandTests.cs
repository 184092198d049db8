using System.Text.Json;
using System.Xml.Linq;
using PrefixCache.IntegrationTests.Fixtures;

namespace PrefixCache.IntegrationTests.Replay;

/// <summary>`prefixcache replay` through the real program.</summary>
public sealed class ReplayCommandTests
{
    /// <summary>Two blocks hold what the second request asks for, not what the third does.</summary>
    private const string Trace = """
        {"timestamp": 0, "input_length": 1024, "output_length": 1, "hash_ids": [1, 2]}
        {"timestamp": 1, "input_length": 1100, "output_length": 1, "hash_ids": [1, 2, 3]}
        {"timestamp": 2, "input_length": 1000, "output_length": 1, "hash_ids": [1, 4]}
        {"timestamp": 3, "input_length": 1024, "output_length": 1, "hash_ids": [1, 2]}
        """;

    [Fact]
    public async Task Json_ToStandardOutput_IsAllThatIsPrinted()
    {
        using var folder = new TemporaryFolder();
        var trace = folder.Write("t.jsonl", Trace);
        var output = await ReplayRun.OutputAsync(trace, "--policy", "lru-flat", "--capacity", "4,2", "--capacity", "inf", "--json", "-");
        using var json = JsonDocument.Parse(output);
        var runs = json.RootElement.GetProperty("runs").EnumerateArray().ToList();
        Assert.Equal(["runs"], json.RootElement.EnumerateObject().Select(property => property.Name));
        Assert.Equal(
            [("lru-flat", "4", "all", 5L, 9L, 2560L, 4148L, 0L), ("lru-flat", "2", "all", 3L, 9L, 1536L, 4148L, 4L),
                ("lru-flat", "\"inf\"", "all", 5L, 9L, 2560L, 4148L, 0L)],
            runs.Select(run => (run.GetProperty("policy").GetString()!, run.GetProperty("capacity").GetRawText(),
                run.GetProperty("mode").GetString()!, Count(run, "hit_blocks"), Count(run, "total_blocks"), Count(run, "hit_tokens"),
                Count(run, "total_tokens"), Count(run, "evictions"))));
    }

    [Fact]
    public async Task Replay_WithNothingButATrace_ShowsTableAndCurve()
    {
        using var folder = new TemporaryFolder();
        var output = await ReplayRun.OutputAsync(folder.Write("t.jsonl", Trace));
        foreach (var text in new[] { "4 requests, 4,148 tokens in 9 chunks of 512, 4 of them different", "token hits", "61.72 %", "lru-flat, exact" })
            Assert.Contains(text, output, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', output);
    }

    [Fact]
    public async Task Files_OfEveryKind_AreWrittenBesideTheTable()
    {
        using var folder = new TemporaryFolder();
        var (json, csv, svg) = (folder.Path("o.json"), folder.Path("o.csv"), folder.Path("o.svg"));
        var output = await ReplayRun.OutputAsync(folder.Write("t.jsonl", Trace), "--capacity", "128MiB,inf", "--layout", "llama-3.1-8b",
            "--mode", "all,full", "--belady", "--curve", "--json", json, "--csv", csv, "--svg", svg);
        Assert.Contains("of optimum", output, StringComparison.Ordinal);
        using var document = JsonDocument.Parse(File.ReadAllText(json));
        Assert.Equal(12, document.RootElement.GetProperty("runs").GetArrayLength());
        Assert.Equal(2, document.RootElement.GetProperty("curves").GetArrayLength());
        var lines = File.ReadAllLines(csv);
        Assert.StartsWith("policy,capacity,capacity_unit,mode,", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("lru,134217728,bytes,all,4,", lines[1], StringComparison.Ordinal);
        Assert.All(lines, line => Assert.Equal(lines[0].Split(',').Length, line.Split(',').Length));
        var drawing = XDocument.Load(svg).Root!;
        Assert.Equal("svg", drawing.Name.LocalName);
        Assert.Equal(8, drawing.Elements().Count(element => element.Name.LocalName == "polyline"));
    }

    [Fact]
    public async Task Options_Faulty_AreNamedTogetherAndEndWithTwo()
    {
        using var folder = new TemporaryFolder();
        var run = await ReplayRun.StartAsync(folder.Write("t.jsonl", Trace), "--policy", "best", "--capacity", "4x,1GiB", "--mode", "some",
            "--nodes", "0", "--json", "-", "--csv", "-", "--svg", folder.Path("no/curve.svg"), "--admission", "never");
        Assert.Equal((2, ""), (run.Code, run.Output));
        foreach (var fault in new[]
        {
            "--policy: 'best' is none of lru", "--capacity: '4x' is no capacity", "--capacity: 1GiB is in bytes, so --layout NAME",
            "--mode: 'some' is none of all, full", "--nodes: '0' is no whole number from 1", "--json and --csv both go to standard output",
            "--svg: the folder of", "--admission: 'never' is none of always, on_reuse, adaptive",
        })
            Assert.Contains(fault, run.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"hash_ids\": [1]}\n", 1, "t.jsonl:1: input_length is missing")]
    [InlineData(null, 2, "there is no such file")]
    public async Task Trace_Faulty_IsNamed(string? text, int code, string fault)
    {
        using var folder = new TemporaryFolder();
        var run = await ReplayRun.StartAsync(text is null ? folder.Path("t.jsonl") : folder.Write("t.jsonl", text));
        Assert.Equal((code, ""), (run.Code, run.Output));
        Assert.Contains(fault, run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chunks_ThatDoNotGoWithTheTrace_AreRefused()
    {
        using var folder = new TemporaryFolder();
        var tokens = await ReplayRun.StartAsync(folder.Write("t.jsonl", """{"tokens": [1, 2, 3]}"""), "--chunk-tokens", "20");
        Assert.Contains("--chunk-tokens: 20 is no multiple of 16", tokens.Errors, StringComparison.Ordinal);
        var blocks = await ReplayRun.StartAsync(folder.Write("b.jsonl", Trace), "--chunk-tokens", "700");
        Assert.Contains("give a multiple of 512", blocks.Errors, StringComparison.Ordinal);
        Assert.Equal((2, 2), (tokens.Code, blocks.Code));
    }

    [Fact]
    public async Task Admission_OfPoliciesThatAreNoneOfANode_IsAlways()
    {
        using var folder = new TemporaryFolder();
        var output = await ReplayRun.OutputAsync(folder.Write("t.jsonl", Trace), "--policy", "lru,lru-flat,belady", "--capacity", "inf",
            "--admission", "on_reuse", "--json", "-");
        using var json = JsonDocument.Parse(output);
        Assert.Equal([("lru", "on_reuse", 1536L), ("lru-flat", "always", 2560L), ("belady", "always", 2560L)],
            json.RootElement.GetProperty("runs").EnumerateArray().Select(run =>
                (run.GetProperty("policy").GetString()!, run.GetProperty("admission").GetString()!, Count(run, "hit_tokens"))));
    }

    private static long Count(JsonElement run, string name) => run.GetProperty(name).GetInt64();
}
