using PrefixCache.Core.Replay.Curves;
using PrefixCache.Core.Replay.Traces;

namespace PrefixCache.Core.Replay;

/// <summary>A trace and what several runs over it share: its chunks, the way of its requests to nodes, the one-pass curve.</summary>
/// <remarks>Thread-safe. Each is made when it is first wanted.</remarks>
public sealed class ReplayWorkload(ReplayTrace trace)
{
    private readonly Dictionary<(ReplayMode, int), ChunkedTrace> _chunks = [];
    private readonly Dictionary<(int, int, ReplayRouting), int[]> _routes = [];
    private readonly Dictionary<(ReplayMode, int, int, ReplayRouting), LruCurve> _curves = [];
    private readonly Lock _gate = new();

    public ReplayTrace Trace { get; } = trace;

    /// <exception cref="TraceException">Chunks of that size cannot be made of this trace.</exception>
    public ChunkedTrace Chunks(ReplaySetup setup)
    {
        lock (_gate) return ChunksUnsynchronized(setup.Mode, setup.ChunkTokens);
    }

    /// <summary>The node of each request; empty = all go to one.</summary>
    public IReadOnlyList<int> Route(ReplaySetup setup)
    {
        lock (_gate) return RouteUnsynchronized(setup);
    }

    /// <summary>Flat LRU at every capacity; of the setup, mode, chunks and nodes count.</summary>
    public LruCurve Curve(ReplaySetup setup, CancellationToken cancellation = default)
    {
        lock (_gate)
        {
            var key = (setup.Mode, setup.ChunkTokens, setup.Nodes, setup.Routing);
            if (_curves.TryGetValue(key, out var curve)) return curve;
            var route = RouteUnsynchronized(setup);
            var chunks = ChunksUnsynchronized(setup.Mode, setup.ChunkTokens);
            return _curves[key] = LruCurve.Of(chunks, route.Length == 0 ? null : route, setup.Nodes, cancellation);
        }
    }

    private ChunkedTrace ChunksUnsynchronized(ReplayMode mode, int chunkTokens)
    {
        if (!_chunks.TryGetValue((mode, chunkTokens), out var chunks))
            _chunks[(mode, chunkTokens)] = chunks = ChunkedTrace.Of(Trace, mode, chunkTokens);
        return chunks;
    }

    private int[] RouteUnsynchronized(ReplaySetup setup)
    {
        if (setup.Nodes == 1) return [];
        // Every mode sends a request the same way.
        var key = (setup.ChunkTokens, setup.Nodes, setup.Routing);
        if (!_routes.TryGetValue(key, out var route))
            _routes[key] = route = ReplayRouter.Route(ChunksUnsynchronized(ReplayMode.All, setup.ChunkTokens), setup.Nodes, setup.Routing);
        return route;
    }
}
