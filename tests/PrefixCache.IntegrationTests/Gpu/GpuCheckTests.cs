using System.Text.Json;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.TestDevices.Lookalike;

namespace PrefixCache.IntegrationTests.Gpu;

/// <summary>The program of tests/gpu-check.sh where there is no GPU: everything but its speeds.</summary>
/// <remarks>Alone, for it copies gigabytes, which others would wait for.</remarks>
[Collection(nameof(GpuCheckTests))]
[CollectionDefinition(nameof(GpuCheckTests), DisableParallelization = true)]
public sealed class GpuCheckTests
{
    private const string Program = "PrefixCache.GpuCheck.dll";
    private const int CouldNotCheck = 2;
    private const int SomeFailed = 1;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    private static readonly string[] Speeds =
    [
        "H2D one copy", "H2D rows of a hit", "D2H one copy", "D2H rows of a hit", "D2D one copy", "D2D rows of a hit",
        "hit from gpu: contiguous", "hit from gpu: lookup, load, release", "hit from gpu: 16-token pages",
        "hit from gpu: 16-token pages, an allocation a layer", "hit from host: contiguous", "hit from host: lookup, load, release",
        "hit from host: 16-token pages", "hit from host: 16-token pages, an allocation a layer",
        "hit from redis: first lookup of a fresh node", "promotion", "demotion",
    ];

    /// <summary>Speeds fail here as they like: the look-alike copies with the processor.</summary>
    [Fact]
    public async Task Quick_OnTheLookalike_PassesWhateverIsNoSpeed()
    {
        using TemporaryFolder files = new();
        var (json, markdown, report) = (files.Path("table.json"), files.Path("table.md"), files.Path("report"));
        var environment = Environment();
        environment["LOOKALIKE_REPORT"] = report;
        await using var check = ChildProcess.Start(Program, ["--quick", "--json", json, "--markdown", markdown], environment);
        var output = await ReadAsync(check);

        Assert.True(await check.WaitForExitAsync() is 0 or SomeFailed, check.Errors);
        var rows = JsonDocument.Parse(await File.ReadAllTextAsync(json)).RootElement.GetProperty("rows").EnumerateArray().ToList();
        var speeds = rows.Where(row => row.TryGetProperty("ratio", out _)).ToList();
        Assert.Equal(Speeds, speeds.Select(Name));
        Assert.All(speeds, row => Assert.True(row.GetProperty("measured").GetDouble() > 0 && row.GetProperty("limit").GetDouble() > 0));
        Assert.All(rows.Except(speeds), row => Assert.True(row.GetProperty("verdict").GetString() == "pass", $"{row}"));
        Assert.Equal(18, rows.Count - speeds.Count);
        Assert.Contains("passed, ", output[^1], StringComparison.Ordinal);
        Assert.Empty(File.Exists(report) ? await File.ReadAllLinesAsync(report) : []);
        var lines = await File.ReadAllLinesAsync(markdown);
        Assert.Equal(rows.Count + 1, lines.Count(line => line.StartsWith("| ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Run_WithoutADriver_SaysSoInASentence()
    {
        using TemporaryFolder folder = new();
        var file = folder.Write("libcuda.so.1", "This is no library, and long enough for the loader to see that.\n");
        await using var check = ChildProcess.Start(
            Program, [], new Dictionary<string, string> { ["LD_LIBRARY_PATH"] = Path.GetDirectoryName(file)! });

        Assert.Equal(CouldNotCheck, await check.WaitForExitAsync());
        Assert.StartsWith("There is no NVIDIA driver: libcuda.so.1 was not found", check.Errors, StringComparison.Ordinal);
        Assert.Single(check.Errors.Trim().Split('\n'));
    }

    [Theory]
    [InlineData("--fast")]
    [InlineData("--json")]
    public async Task Run_WrongOptions_NamesThem(string option)
    {
        await using var check = ChildProcess.Start(Program, [option], Environment());
        Assert.Equal(CouldNotCheck, await check.WaitForExitAsync());
        Assert.Contains($"'{option}'", check.Errors, StringComparison.Ordinal);
    }

    private static string Name(JsonElement row) => row.GetProperty("check").GetString()!;

    private static Dictionary<string, string> Environment() => new()
    {
        ["LD_LIBRARY_PATH"] = LookalikeDriver.Folder,
        ["LOOKALIKE_MEMORY"] = (2L << 30).ToString(System.Globalization.CultureInfo.InvariantCulture),
    };

    /// <summary>The table comes at the end.</summary>
    private static async Task<List<string>> ReadAsync(ChildProcess process)
    {
        var lines = new List<string>();
        while (await process.ReadLineAsync(Limit) is { } line) lines.Add(line);
        return lines;
    }
}
