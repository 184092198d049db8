using PrefixCache.Core.Replay.Curves;
using PrefixCache.Core.Replay.Traces;

namespace PrefixCache.Core.Replay;

/// <summary>Runs a trace through the node's index, eviction policy and admission, without payload.</summary>
public static class ReplayDriver
{
    private const int RequestsPerReport = 128;

    /// <param name="report">Gets the number of requests that were served since it was last called.</param>
    /// <exception cref="TraceException">The trace has no chunks of the size asked for.</exception>
    public static ReplayResult Run(
        ReplayWorkload workload, ReplaySetup setup, Action<int>? report = null, CancellationToken cancellation = default)
    {
        var chunks = workload.Chunks(setup);
        var route = workload.Route(setup);
        if (setup.Policy == ReplayPolicies.Belady)
        {
            var optimum = RunBelady(chunks, setup, route, cancellation);
            report?.Invoke(chunks.Requests);
            return optimum;
        }

        var nodes = Enumerable.Range(0, setup.Nodes).Select(_ => new ReplayNode(workload.Trace, chunks, setup)).ToList();
        try
        {
            for (var request = 0; request < chunks.Requests; request++)
            {
                nodes[route.Count == 0 ? 0 : route[request]].Serve(request);
                if ((request + 1) % RequestsPerReport != 0) continue;
                cancellation.ThrowIfCancellationRequested();
                report?.Invoke(RequestsPerReport);
            }

            report?.Invoke(chunks.Requests % RequestsPerReport);
            return new ReplayResult
            {
                Setup = setup,
                Requests = chunks.Requests,
                HitBlocks = nodes.Sum(node => node.HitBlocks),
                TotalBlocks = chunks.Blocks,
                HitTokens = nodes.Sum(node => node.HitTokens),
                TotalTokens = chunks.Tokens,
                Evictions = nodes.Sum(node => node.Evictions),
                StoredTokens = nodes.Sum(node => node.StoredTokens),
                PeakTokens = nodes.Sum(node => node.PeakTokens),
            };
        }
        finally
        {
            foreach (var node in nodes) node.Dispose();
        }
    }

    private static ReplayResult RunBelady(ChunkedTrace chunks, ReplaySetup setup, IReadOnlyList<int> route, CancellationToken cancellation)
    {
        var capacity = setup.Capacity.IsBytes
            ? setup.Capacity.Amount / (chunks.ChunkTokens(0) * setup.BytesPerToken)
            : setup.Capacity.Amount;
        var (blocks, tokens, evictions) = (0L, 0L, 0L);
        for (var node = 0; node < setup.Nodes; node++)
        {
            var mine = node;
            var run = BeladyCache.Run(chunks, capacity, request => route.Count == 0 || route[request] == mine, cancellation);
            (blocks, tokens, evictions) = (blocks + run.HitBlocks, tokens + run.HitTokens, evictions + run.Evictions);
        }

        return new ReplayResult
        {
            Setup = setup,
            Requests = chunks.Requests,
            HitBlocks = blocks,
            TotalBlocks = chunks.Blocks,
            HitTokens = tokens,
            TotalTokens = chunks.Tokens,
            Evictions = evictions,
        };
    }
}
