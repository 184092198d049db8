using PrefixCache.Core.Tiers.Host;
using PrefixCache.Samples.Serving.CommandLine;
using PrefixCache.Samples.Serving.Prompts;
using PrefixCache.Server;
using PrefixCache.Server.Options;

namespace PrefixCache.Samples.Serving.Processes;

/// <summary>Worker processes without the cache beside as many with it, and the node between those.</summary>
public sealed class SideBySide : IAsyncDisposable
{
    /// <summary>Worker processes of each kind.</summary>
    public const int Workers = 2;

    /// <summary>The node started for a run: a free port, and room for all prompts of a sample's model several times over.</summary>
    private static readonly PrefixCacheNodeOptions NodeOptions = new()
    {
        Listen = ["127.0.0.1:0"],
        Host = new HostTierOptions { CapacityBytes = 512L << 20 },
    };

    private readonly PrefixCacheNode? _node;
    private readonly WorkerPool _plain;
    private readonly WorkerPool _cached;

    private SideBySide(PrefixCacheNode? node, WorkerPool plain, WorkerPool cached)
    {
        _node = node;
        _plain = plain;
        _cached = cached;
    }

    /// <summary>Starts the node, unless the options name one, and the workers.</summary>
    /// <param name="capacity">Tokens of the longest prompt with its answer.</param>
    public static async Task<SideBySide> StartAsync(SampleOptions options, int capacity, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        PrefixCacheNode? node = options.Server is null ? await PrefixCacheNode.StartAsync(NodeOptions) : null;
        WorkerPool? plain = null;
        try
        {
            plain = await WorkerPool.StartAsync(Workers, options.WorkerArguments(capacity, server: null), cancellation);
            string server = options.Server ?? node!.Address;
            return new SideBySide(
                node, plain, await WorkerPool.StartAsync(Workers, options.WorkerArguments(capacity, server), cancellation));
        }
        catch
        {
            if (plain is not null) await plain.DisposeAsync();
            if (node is not null) await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>Has one prompt worked on without the cache and then with it, number i by worker i modulo their number.</summary>
    /// <remarks>One process at a time: whatever else the machine does then weighs on both alike.</remarks>
    public async Task<(PromptResult Without, PromptResult With)> WorkAsync(
        int number, PromptRequest request, CancellationToken cancellation = default)
    {
        PromptResult without = await _plain.WorkAsync(number, request, cancellation);
        return (without, await _cached.WorkAsync(number, request, cancellation));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _cached.DisposeAsync();
        await _plain.DisposeAsync();
        if (_node is not null) await _node.DisposeAsync();
    }
}
