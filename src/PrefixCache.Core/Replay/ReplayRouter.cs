using PrefixCache.Core.Replay.Traces;

namespace PrefixCache.Core.Replay;

/// <summary>Sends the requests of a trace to nodes, as a load balancer in front of them would.</summary>
internal static class ReplayRouter
{
    /// <summary>The node of each request.</summary>
    public static int[] Route(ChunkedTrace trace, int nodes, ReplayRouting routing)
    {
        var route = new int[trace.Requests];
        if (routing == ReplayRouting.Sticky) Stick(trace, nodes, route);
        else for (var request = 0; request < route.Length; request++) route[request] = request % nodes;
        return route;
    }

    private static void Stick(ChunkedTrace trace, int nodes, int[] route)
    {
        var served = new int[trace.Names];
        Array.Fill(served, -1);
        var tokens = new long[nodes];
        for (var request = 0; request < route.Length; request++)
        {
            var chunks = trace.Lookup(request);
            var known = 0;
            while (known < chunks.Length && served[chunks[known]] >= 0) known++;

            // Less is what nearly all prompts begin with, and would bring them all to one node.
            var node = known * 2 >= chunks.Length && known > 0 ? served[chunks[known - 1]] : Array.IndexOf(tokens, tokens.Min());
            route[request] = node;
            tokens[node] += trace.TokensOf(request, chunks.Length);
            foreach (var chunk in trace.Store(request)) served[chunk] = node;
            foreach (var chunk in chunks) served[chunk] = node;
        }
    }
}
