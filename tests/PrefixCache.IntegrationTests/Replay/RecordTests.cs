using System.Text.Json;
using PrefixCache.Client;
using PrefixCache.Core.Replay;
using PrefixCache.Core.Replay.Traces;
using PrefixCache.IntegrationTests.Fixtures;

namespace PrefixCache.IntegrationTests.Replay;

/// <summary>The record that a node writes: what is in it, what is not, and that a replay reads it.</summary>
public sealed class RecordTests
{
    private const int FirstToken = 1_000_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Record_OfANode_IsReplayedToTheSameHits()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Path("lookups.jsonl");
        var (asked, hit) = await ServeAsync(path);
        var trace = TraceFile.Load(path, null, int.MaxValue, null, Token);
        Assert.Equal((TraceFormat.Record, 4, 32, asked, hit, 0L),
            (trace.Format, trace.Requests, trace.BlockTokens, trace.PromptTokens, trace.RecordedHitTokens, trace.Dropped));
        var replayed = ReplayDriver.Run(new ReplayWorkload(trace), new ReplaySetup(), null, Token);
        Assert.Equal(hit, replayed.HitTokens);
        var output = await ReplayRun.OutputAsync(path, "--capacity", "inf");
        Assert.Contains("The node that recorded it hit", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Record_OfTwoRuns_HasNeitherATokenNorAHashInCommon()
    {
        using var folder = new TemporaryFolder();
        var (first, second) = (folder.Path("1.jsonl"), folder.Path("2.jsonl"));
        await ServeAsync(first);
        await ServeAsync(second);
        var (one, two) = (File.ReadAllText(first), File.ReadAllText(second));
        foreach (var token in Enumerable.Range(FirstToken, 200))
            Assert.DoesNotContain($"{token}", one, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-salt", one, StringComparison.Ordinal);
        Assert.DoesNotContain("a-request", one, StringComparison.Ordinal);
        Assert.Equal(9, Hashes(one).Distinct().Count());
        Assert.Empty(Hashes(one).Intersect(Hashes(two)));
    }

    [Fact]
    public async Task Record_ThatIsThere_IsAppendedToAndReadableByItsOwnerAlone()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("lookups.jsonl", "{\"cut off by a");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        await ServeAsync(path);
        await ServeAsync(path);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        var trace = TraceFile.Load(path, TraceFormat.Record, int.MaxValue, null, Token);
        Assert.Equal((8, 4), (trace.Requests, trace.Namespaces));
    }

    [Fact]
    public async Task Record_OfTwoNodesAtOnce_LosesNothing()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Path("lookups.jsonl");
        await Task.WhenAll(ServeAsync(path), ServeAsync(path), ServeAsync(path));
        var trace = TraceFile.Load(path, null, int.MaxValue, null, Token);
        Assert.Equal((12, 6, 3), (trace.Requests, trace.Namespaces, trace.Skipped));
    }

    [Fact]
    public async Task Record_CutWhileTheNodeRuns_GoesOnAtItsStart()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Path("lookups.jsonl");
        await using (var node = await RunningNode.StartAsync(RunningNode.Options() with { Record = path }))
        {
            var client = await node.ConnectAsync();
            await client.RegisterLayoutAsync(TestKv.Layout(), Token);
            await (await client.LookupAsync(TestKv.Layout(), TestKv.Tokens(64), null, Token)).DisposeAsync();
            await Until.TrueAsync(() => File.ReadAllLines(path).Length == 2, () => File.ReadAllText(path));
            await using (var file = new FileStream(path, FileMode.Truncate, FileAccess.Write, FileShare.ReadWrite)) await file.FlushAsync(Token);
            await (await client.LookupAsync(TestKv.Layout(), TestKv.Tokens(96), null, Token)).DisposeAsync();
        }

        var trace = TraceFile.Load(path, null, int.MaxValue, null, Token);
        Assert.Equal((1, 96L), (trace.Requests, trace.PromptTokens));
    }

    /// <summary>
    /// Four lookups of two namespaces, each stored behind it, one of them repeated. Of whole chunks: a record knows no hit within a chunk.
    /// </summary>
    /// <returns>Tokens that were looked up and that were hits, without the repeated lookup's.</returns>
    private static async Task<(long Asked, long Hit)> ServeAsync(string path)
    {
        var layout = TestKv.Layout();
        var tokens = Enumerable.Range(FirstToken, 200).ToArray();
        long asked = 0, hit = 0;
        await using var node = await RunningNode.StartAsync(RunningNode.Options() with { Record = path });
        var client = await node.ConnectAsync();
        await client.RegisterLayoutAsync(layout, Token);
        foreach (var (count, salt) in new[] { (96, ""), (192, ""), (96, "secret-salt"), (96, "") })
        {
            var options = new LookupOptions { Salt = salt, RequestId = $"a-request-{asked}" };
            await using var reservation = await client.LookupAsync(layout, tokens.AsMemory(0, count), options, Token);
            (asked, hit) = (asked + count, hit + reservation.HitTokens);
            var kv = TestKv.Compute(layout, tokens.AsSpan(0, count));
            await reservation.StoreAsync(TestKv.Memory(layout, kv, count), null, Token);
            if (count == 192) await client.LookupAsync(layout, tokens.AsMemory(0, count), options, Token);
        }

        return (asked, hit);
    }

    private static List<string> Hashes(string record) =>
    [
        .. from line in record.Split('\n', StringSplitOptions.RemoveEmptyEntries)
           let json = JsonDocument.Parse(line).RootElement
           where json.TryGetProperty("chunks", out _)
           from hash in json.GetProperty("chunks").EnumerateArray()
           select hash.GetString(),
    ];
}
