using PrefixCache.Core.Tiers.Host;
using PrefixCache.Core.Tiers.Redis;
using PrefixCache.Server;
using PrefixCache.Server.Options;

namespace PrefixCache.Samples.Serving.Processes;

/// <summary>The node that a sample starts for its run.</summary>
internal sealed class SampleNode : IAsyncDisposable
{
    /// <summary>Room for all prompts of a sample's model several times over.</summary>
    private const long DefaultBytes = 512L << 20;

    /// <summary>
    /// Prompts take hundreds of milliseconds to compute, and workers leave the node no core of its own: it may wait longer for Redis than
    /// by default.
    /// </summary>
    private static readonly TimeSpan LookupBudget = TimeSpan.FromSeconds(1);

    /// <summary>How long the run's end waits for what is still to be written to Redis.</summary>
    private static readonly TimeSpan WriteGrace = TimeSpan.FromSeconds(10);

    private readonly PrefixCacheNode _node;

    private SampleNode(PrefixCacheNode node) => _node = node;

    /// <summary>Where workers reach it.</summary>
    public string Address => _node.Address;

    /// <summary>Chunks that it had to evict so far.</summary>
    public long EvictedChunks => _node.Counters.ChunksEvicted;

    /// <summary>Starts it on a free port of 127.0.0.1.</summary>
    /// <param name="bytes">Its memory; 0 = plenty.</param>
    /// <param name="redis">Address of its Redis; null = it has none.</param>
    /// <exception cref="InvalidOperationException">No Redis answers there.</exception>
    public static async Task<SampleNode> StartAsync(long bytes, string? redis, CancellationToken cancellation = default)
    {
        PrefixCacheNodeOptions options = new()
        {
            Listen = ["127.0.0.1:0"],
            Host = new HostTierOptions { CapacityBytes = bytes == 0 ? DefaultBytes : bytes },
        };
        if (redis is not null && RedisAddress.TryParse(redis, out RedisAddress address))
            options = options with { Redis = new RedisOptions { Servers = [address], LookupBudget = LookupBudget } };
        SampleNode node = new(await PrefixCacheNode.StartAsync(options));
        if (node._node.Redis is not { } tier) return node;
        try
        {
            await tier.FirstAttempt.WaitAsync(cancellation);
            if (tier.State != RedisState.Away) return node;
            throw new InvalidOperationException($"No Redis answers at {redis}: {tier.Cause}. Start one there, or leave --redis out.");
        }
        catch
        {
            await node._node.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await WriteOutAsync();
        await _node.DisposeAsync();
    }

    /// <summary>What the last prompts left behind is for the next run to find.</summary>
    private async Task WriteOutAsync()
    {
        if (_node.Redis is not { } redis) return;
        using CancellationTokenSource grace = new(WriteGrace);
        using PeriodicTimer poll = new(TimeSpan.FromMilliseconds(20));
        try
        {
            // A chunk is leased while it is written.
            while (redis.WritesQueued > 0 || _node.Snapshot().Leases > 0) await poll.WaitForNextTickAsync(grace.Token);
        }
        catch (OperationCanceledException)
        {
            // It is a cache: the next run computes what was not written.
        }
    }
}
