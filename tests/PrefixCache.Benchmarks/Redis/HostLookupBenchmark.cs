using System.Diagnostics;
using PrefixCache.Benchmarks.Lookup;
using PrefixCache.Benchmarks.Reporting;
using PrefixCache.Client;
using PrefixCache.Client.Memory;
using PrefixCache.Core.Tiers.Redis;
using PrefixCache.Server;
using PrefixCache.TestRedis.Network;
using PrefixCache.TestRedis.Servers;

namespace PrefixCache.Benchmarks.Redis;

/// <summary>Host lookups while Redis is away: what the host tier has is answered as fast as ever, whatever Redis does.</summary>
/// <remarks>
/// Measured from the moment at which Redis changes, as a worker in the same process sees it. A lookup with a tail asks for 32 tokens more,
/// which nobody has: it asks Redis, for up to its budget, until the node has found out that Redis is away.
/// </remarks>
internal sealed class HostLookupBenchmark : IAsyncDisposable
{
    private const int WarmUp = 2000;
    private const int Calls = 2000;
    private const double Bar = 5;

    private static readonly TimeSpan SlowAnswer = TimeSpan.FromMilliseconds(200);

    private readonly RedisServer _redis;
    private readonly SlowProxy _way;
    private readonly PrefixCacheNode _node;
    private readonly PrefixCacheClient _client;
    private readonly int[] _prompt = LookupWorkload.Tokens(LookupWorkload.ShortPrompt);
    private readonly List<BenchmarkResult> _results = [];
    private int _tail;

    private HostLookupBenchmark(RedisServer redis, SlowProxy way, PrefixCacheNode node, PrefixCacheClient client) =>
        (_redis, _way, _node, _client) = (redis, way, node, client);

    public static async Task<IReadOnlyList<BenchmarkResult>> RunAsync()
    {
        var redis = await RedisServer.StartAsync();
        var way = new SlowProxy(redis.Port);
        var options = LookupWorkload.NodeOptions with
        {
            Redis = new RedisOptions { Servers = [new RedisAddress("127.0.0.1", way.Port)] },
        };
        var node = await PrefixCacheNode.StartAsync(options);
        var client = await PrefixCacheClient.ConnectAsync(new PrefixCacheClientOptions { Address = node.Address, Strict = true });
        await using var benchmark = new HostLookupBenchmark(redis, way, node, client);
        await benchmark.MeasureAsync();
        return benchmark._results;
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _node.DisposeAsync();
        await _way.DisposeAsync();
        await _redis.DisposeAsync();
    }

    private async Task MeasureAsync()
    {
        await _client.RegisterLayoutAsync(LookupWorkload.Layout);
        await StoreAsync();
        for (var i = 0; i < WarmUp; i++) await LookupAsync(_prompt);
        await MeasureAsync("healthy");
        _way.ToClient.Delay = SlowAnswer;
        await MeasureAsync("slow");
        _way.ToClient.Delay = TimeSpan.Zero;
        await WaitUntilAvailableAsync();
        _redis.Pause();
        await MeasureAsync("paused");
        _redis.Resume();
        await WaitUntilAvailableAsync();
        _redis.Kill();
        await MeasureAsync("killed");
    }

    /// <summary>Both kinds take turns, so that one of them always keeps Redis busy.</summary>
    private async Task MeasureAsync(string state)
    {
        var (hits, tails) = (new List<double>(Calls), new List<double>(Calls));
        for (var i = 0; i < Calls; i++)
        {
            hits.Add((await LookupAsync(_prompt)).TotalMilliseconds);
            tails.Add((await LookupAsync([.. _prompt, .. Enumerable.Repeat(++_tail, 32)])).TotalMilliseconds);
        }

        _results.Add(BenchmarkResult.Shown($"host_lookup_redis_{state}_p50", LookupWorkload.Percentile(hits, 0.5), "ms"));
        _results.Add(BenchmarkResult.AtMost($"host_lookup_redis_{state}_p99", LookupWorkload.Percentile(hits, 0.99), "ms", Bar));
        _results.Add(BenchmarkResult.Shown($"host_lookup_with_tail_redis_{state}_p50", LookupWorkload.Percentile(tails, 0.5), "ms"));
        _results.Add(BenchmarkResult.AtMost($"host_lookup_with_tail_redis_{state}_p99", LookupWorkload.Percentile(tails, 0.99), "ms", Bar));
        _results.Add(BenchmarkResult.Shown($"host_lookup_with_tail_redis_{state}_max", tails.Max(), "ms"));
    }

    private async Task<TimeSpan> LookupAsync(int[] tokens)
    {
        var started = Stopwatch.GetTimestamp();
        await using var reservation = await _client.LookupAsync(LookupWorkload.Layout, tokens);
        var time = Stopwatch.GetElapsedTime(started);
        return reservation.HitTokens == _prompt.Length
            ? time
            : throw new InvalidDataException($"The lookup found {reservation.HitTokens} of {_prompt.Length} tokens.");
    }

    private async Task StoreAsync()
    {
        await WaitUntilAvailableAsync();
        var shape = LookupWorkload.Layout.Shapes[0];
        await using var reservation = await _client.LookupAsync(LookupWorkload.Layout, _prompt);
        await reservation.StoreAsync(new ContiguousKvMemory(new byte[shape.PayloadBytes(_prompt.Length)], shape, _prompt.Length));
    }

    private async Task WaitUntilAvailableAsync()
    {
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (_node.Redis!.State != RedisState.Available) await poll.WaitForNextTickAsync();
    }
}
