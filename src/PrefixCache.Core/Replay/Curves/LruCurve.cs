using PrefixCache.Core.Replay.Traces;

namespace PrefixCache.Core.Replay.Curves;

/// <summary>What a flat LRU cache of every capacity would have done with a trace, exactly, from one pass.</summary>
/// <remarks>
/// The rule is that of the policy `lru-flat`: a request's hit are its leading chunks that are there when it comes; then all its chunks are
/// used from head to tail, and those that are not there come in. So a chunk is a hit for capacity C when it and every chunk before it lie
/// at depth C or less. Immutable.
/// </remarks>
public sealed class LruCurve
{
    private readonly long[] _hitBlocks;
    private readonly long[] _hitTokens;

    /// <summary>By capacity: chunks that came in.</summary>
    private readonly long[] _insertions;

    /// <summary>Chunks that each node has seen.</summary>
    private readonly int[] _distinct;

    private LruCurve(ChunkedTrace trace, Histogram histogram, int[] distinct)
    {
        (_hitBlocks, _hitTokens, _insertions, _distinct) = (histogram.HitBlocks, histogram.HitTokens, histogram.StackHits, distinct);
        (TotalBlocks, TotalTokens, MaxBlocks) = (trace.Blocks, trace.Tokens, distinct.Max());
        for (var capacity = 1; capacity < _hitBlocks.Length; capacity++)
        {
            _hitBlocks[capacity] += _hitBlocks[capacity - 1];
            _hitTokens[capacity] += _hitTokens[capacity - 1];
            _insertions[capacity] += _insertions[capacity - 1];
        }

        for (var capacity = 0; capacity < _insertions.Length; capacity++) _insertions[capacity] = histogram.Uses - _insertions[capacity];
    }

    public long TotalBlocks { get; }

    public long TotalTokens { get; }

    /// <summary>With so many chunks (a node) nothing is evicted.</summary>
    public int MaxBlocks { get; }

    /// <summary>Capacities at which there are more hits than at the one below, in rising order.</summary>
    public IEnumerable<long> Steps => Enumerable.Range(1, _hitBlocks.Length - 1).Where(capacity => _hitBlocks[capacity] > _hitBlocks[capacity - 1])
        .Select(capacity => (long)capacity);

    /// <param name="route">The node of each request; null = one node serves all.</param>
    public static LruCurve Of(ChunkedTrace trace, IReadOnlyList<int>? route = null, int nodes = 1, CancellationToken cancellation = default)
    {
        var histogram = new Histogram(trace.Names + 1);
        var distinct = new int[nodes];
        for (var node = 0; node < nodes; node++)
        {
            var stack = new StackDistances(trace.Names);
            for (var request = 0; request < trace.Requests; request++)
            {
                if (request % 1024 == 0) cancellation.ThrowIfCancellationRequested();
                if (route is null || route[request] == node) histogram.Add(trace, request, stack);
            }

            distinct[node] = stack.Count;
        }

        return new LruCurve(trace, histogram, distinct);
    }

    /// <param name="capacity">Chunks of each node.</param>
    public long HitBlocks(long capacity) => _hitBlocks[Index(capacity)];

    public long HitTokens(long capacity) => _hitTokens[Index(capacity)];

    public long Evictions(long capacity) => _insertions[Index(capacity)] - _distinct.Sum(chunks => Math.Min(capacity, chunks));

    private long Index(long capacity) => Math.Clamp(capacity, 0, _hitBlocks.Length - 1);

    /// <summary>By depth: how many blocks and tokens are hits from this capacity on.</summary>
    private sealed class Histogram(int length)
    {
        public long[] HitBlocks { get; } = new long[length];

        public long[] HitTokens { get; } = new long[length];

        /// <summary>Chunks that are there when they are used.</summary>
        public long[] StackHits { get; } = new long[length];

        public long Uses { get; private set; }

        public void Add(ChunkedTrace trace, int request, StackDistances stack)
        {
            var (deepest, known) = (0, 0);
            foreach (var chunk in trace.Lookup(request))
            {
                var depth = stack.Depth(chunk);
                if (depth == 0) break;
                deepest = Math.Max(deepest, depth);
                HitBlocks[deepest]++;
                HitTokens[deepest] += trace.TokensOf(request, known + 1) - trace.TokensOf(request, known);
                known++;
            }

            foreach (var chunk in trace.Store(request))
            {
                if (stack.Depth(chunk) is var depth and > 0) StackHits[depth]++;
                stack.Use(chunk);
                Uses++;
            }
        }
    }
}
