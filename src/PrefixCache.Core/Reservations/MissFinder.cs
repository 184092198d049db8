using PrefixCache.Core.Index;
using PrefixCache.Core.Tokens;

namespace PrefixCache.Core.Reservations;

/// <summary>Finds out why a lookup's hit ends where it does. Called under the node's lock.</summary>
internal static class MissFinder
{
    /// <summary>One run for each reason in turn, from the chunk position on where the hit ends.</summary>
    /// <param name="pending">Leading tokens that will be a hit.</param>
    public static IReadOnlyList<MissRun> Find(NodeState state, Reservation reservation, int pending)
    {
        var (tree, tokens, chunkTokens) = (reservation.Tree, reservation.Tokens, reservation.Tree.Layout.ChunkTokens);
        if (reservation.HitTokens >= tokens.Count) return [];
        var runs = new List<MissRun>(2);
        var position = reservation.HitTokens / chunkTokens;
        var parent = position == 0 ? null : reservation.Path[position - 1];
        var isUnanswered = state.Redis?.IsUnanswered(reservation) == true;
        var awaited = pending > reservation.HitTokens ? ChunkPosition.Count(pending, chunkTokens) : 0;
        for (var count = ChunkPosition.Count(tokens.Count, chunkTokens); position < count; position++)
        {
            var node = tree.Find(parent, tokens.Chunk(position, chunkTokens));
            var reason = Reason(node);
            if (reason is MissReason.NeverSeen or MissReason.Evicted && isUnanswered) reason = MissReason.TimeOut;
            if (node is null && position == 0 && state.Namespaces.IsUnderOtherLayout(tree, tokens)) reason = MissReason.Layout;
            if (position < awaited) reason = MissReason.Pending;
            if (runs.Count == 0 || runs[^1].Reason != reason) runs.Add(new MissRun(position, reason));
            if (node is null)
            {
                // Nothing is known behind it, but what is pending may reach further.
                if (position < awaited && awaited < count) runs.Add(new MissRun(awaited, isUnanswered ? MissReason.TimeOut : MissReason.NeverSeen));
                break;
            }

            parent = node;
        }

        return runs;
    }

    private static MissReason Reason(ChunkNode? node) => node switch
    {
        null => MissReason.NeverSeen,
        { IsComplete: true } => MissReason.Policy,
        { Writers: > 0 } or { Present: > 0 } => MissReason.Pending,
        { Gone: not MissReason.None } => node.Gone,
        _ => MissReason.NeverSeen,
    };
}
