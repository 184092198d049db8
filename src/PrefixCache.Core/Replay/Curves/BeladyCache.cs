using PrefixCache.Core.Replay.Traces;

namespace PrefixCache.Core.Replay.Curves;

/// <summary>A cache that knows the future: what is asked for again last goes first, or does not come in at all (Belady, 1966).</summary>
/// <remarks>
/// A chunk is asked for only behind the chunks before it, so those are always asked for sooner, and the rule takes the ends of prefixes
/// first by itself. Holds a number of chunks, whatever their size. Not thread-safe.
/// </remarks>
internal sealed class BeladyCache
{
    private const int Never = int.MaxValue;

    private readonly ChunkedTrace _trace;
    private readonly long _capacity;

    /// <summary>By chunk: place of the next lookup, among all looked-up chunks, as of its last use; 0 = not here.</summary>
    private readonly int[] _next;

    private readonly PriorityQueue<uint, int> _farthest = new();
    private int _count;

    private BeladyCache(ChunkedTrace trace, long capacity)
    {
        (_trace, _capacity) = (trace, capacity);
        _next = new int[trace.Names];
    }

    /// <summary>Serves the requests of one node.</summary>
    /// <param name="served">Whether the node serves a request.</param>
    public static (long HitBlocks, long HitTokens, long Evictions) Run(
        ChunkedTrace trace, long capacity, Func<int, bool> served, CancellationToken cancellation)
    {
        var cache = new BeladyCache(trace, capacity);
        var uses = cache.FindNextUses(served);
        var (blocks, tokens, evictions, use) = (0L, 0L, 0L, uses.Count);
        for (var request = 0; request < trace.Requests; request++)
        {
            if (request % 1024 == 0) cancellation.ThrowIfCancellationRequested();
            if (!served(request)) continue;
            var known = 0;
            foreach (var chunk in trace.Lookup(request))
            {
                if (cache._next[chunk] == 0) break;
                known++;
            }

            blocks += known;
            tokens += trace.TokensOf(request, known);
            foreach (var chunk in trace.Store(request)) evictions += cache.Use(chunk, uses[--use]);
        }

        return (blocks, tokens, evictions);
    }

    /// <summary>For every stored chunk, from the last to the first: where it is looked up next.</summary>
    private List<int> FindNextUses(Func<int, bool> served)
    {
        var next = new int[_trace.Names];
        Array.Fill(next, Never);
        var uses = new List<int>();
        var place = Never - 1;
        for (var request = _trace.Requests - 1; request >= 0; request--)
        {
            if (!served(request)) continue;
            var stored = _trace.Store(request);
            for (var i = stored.Length - 1; i >= 0; i--) uses.Add(next[stored[i]]);
            var asked = _trace.Lookup(request);
            for (var i = asked.Length - 1; i >= 0; i--) next[asked[i]] = place--;
        }

        return uses;
    }

    /// <returns>Chunks that had to go.</returns>
    private int Use(uint chunk, int next)
    {
        if (_next[chunk] != 0)
        {
            Keep(chunk, next);
            return 0;
        }

        if (_count < _capacity)
        {
            _count++;
            Keep(chunk, next);
            return 0;
        }

        if (Farthest() <= next) return 0;
        _next[_farthest.Dequeue()] = 0;
        Keep(chunk, next);
        return 1;
    }

    private void Keep(uint chunk, int next)
    {
        _next[chunk] = next;
        _farthest.Enqueue(chunk, -next);
    }

    /// <summary>The next use of the chunk at the queue's head; entries of earlier uses are dropped on the way.</summary>
    private int Farthest()
    {
        while (_farthest.TryPeek(out var chunk, out var priority))
        {
            if (_next[chunk] == -priority) return -priority;
            _farthest.Dequeue();
        }

        return 0;
    }
}
