using PrefixCache.Samples.Serving.CommandLine;
using PrefixCache.Samples.Serving.Prompts;

namespace PrefixCache.Samples.Serving.Processes;

/// <summary>Worker processes without the cache beside as many with it, and the node between those.</summary>
public sealed class SideBySide : IAsyncDisposable
{
    /// <summary>Worker processes of each kind.</summary>
    public const int Workers = 2;

    private readonly SampleNode? _node;
    private readonly WorkerPool _plain;
    private readonly WorkerPool _cached;

    private SideBySide(SampleNode? node, WorkerPool plain, WorkerPool cached)
    {
        _node = node;
        _plain = plain;
        _cached = cached;
    }

    /// <summary>Starts the node, unless the options name one, and the workers.</summary>
    /// <param name="capacity">Tokens of the longest prompt with its answer.</param>
    /// <param name="nodeBytes">Memory of the node, where one is started; 0 = plenty.</param>
    public static async Task<SideBySide> StartAsync(
        SampleOptions options, int capacity, long nodeBytes = 0, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        SampleNode? node = options.Server is null ? await SampleNode.StartAsync(nodeBytes, options.Redis, cancellation) : null;
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

    /// <summary>Chunks that the node had to evict; null = the node is none of the run's.</summary>
    public long? EvictedChunks => _node?.EvictedChunks;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _cached.DisposeAsync();
        await _plain.DisposeAsync();
        if (_node is not null) await _node.DisposeAsync();
    }
}
