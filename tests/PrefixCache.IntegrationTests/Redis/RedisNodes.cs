using PrefixCache.Client;
using PrefixCache.Core.Tiers.Redis;
using PrefixCache.IntegrationTests.Fixtures;

namespace PrefixCache.IntegrationTests.Redis;

/// <summary>Nodes in the test's process that share a Redis.</summary>
internal static class RedisNodes
{
    /// <summary>Starts a node and waits until it has reached Redis.</summary>
    /// <param name="redis">Addresses of servers, comma-separated.</param>
    /// <param name="change">Of the tier's options; null = none.</param>
    public static async Task<RunningNode> StartAsync(string redis, Func<RedisOptions, RedisOptions>? change = null,
        TransferPlane plane = TransferPlane.Stream, long capacity = 64 << 20)
    {
        var options = new RedisOptions { Servers = [.. redis.Split(',').Select(Parse)], LookupBudget = TimeSpan.FromSeconds(2) };
        var node = await RunningNode.StartAsync(
            RunningNode.Options(capacity) with { Redis = change is null ? options : change(options) }, plane);
        await node.Node.Redis!.FirstAttempt;
        Assert.Equal(RedisState.Available, node.Node.Redis.State);
        return node;
    }

    /// <summary>Waits until nothing is read from or written to Redis any more.</summary>
    public static Task IdleAsync(RunningNode node) => Until.TrueAsync(
        () => node.Node.Redis is { WritesQueued: 0, LoadsQueued: 0, Counters.BytesInFlight: 0 } && node.Node.Snapshot().Leases == 0,
        () => "Redis is still read or written.");

    private static RedisAddress Parse(string text)
    {
        Assert.True(RedisAddress.TryParse(text, out var address));
        return address;
    }
}
