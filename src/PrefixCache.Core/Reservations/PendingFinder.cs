using PrefixCache.Format.Keys;

namespace PrefixCache.Core.Reservations;

/// <summary>Finds out what a request may wait for. Called under the node's lock; hashes nothing.</summary>
/// <remarks>Whoever else brings chunks a request lacks, answers here and pulses <see cref="Reservation.Changed"/> when they have
/// come.</remarks>
internal sealed class PendingFinder(NodeState state)
{
    /// <summary>Leading tokens that will be a hit when what is pending has come, aligned; no less than the hit that was answered. The
    /// reservation is woken when it changes.</summary>
    public int Find(Reservation asker)
    {
        var loading = asker.Search is { IsPending: true } search ? search.EndTokens : 0;
        if (asker.Return is { IsPending: true } back) loading = Math.Max(loading, back.EndTokens);
        return Math.Max(FindClaimed(asker), loading / asker.AlignTokens * asker.AlignTokens);
    }

    /// <summary>What another request computes alone.</summary>
    private int FindClaimed(Reservation asker)
    {
        var claims = state.Claims;
        if (claims.IsEmpty || asker.Claim is not null) return asker.AnsweredTokens;
        if (TryParent(asker, out var parent)) return Find(asker, parent);
        claims.StopWaiting(asker);
        return asker.AnsweredTokens;
    }

    /// <param name="parent">Key of the chunk before the first position that is not all hit.</param>
    public int Find(Reservation asker, in ChunkKey parent)
    {
        if (state.Claims.Find(asker, parent, asker.AnsweredTokens, out var pending) is { } claim) state.Claims.Wait(asker, claim);
        else state.Claims.StopWaiting(asker);
        return pending;
    }

    /// <summary>False where no claim can be behind that chunk, or where it is not known which one it is.</summary>
    private static bool TryParent(Reservation asker, out ChunkKey parent)
    {
        var position = asker.AnsweredTokens / asker.Tree.Layout.ChunkTokens;
        parent = default;

        // Who claims in a namespace has hashed its root.
        if (!asker.Tree.HasRoot || position > asker.Path.Count) return false;
        parent = position == 0 ? asker.Tree.Root : asker.Path[position - 1].Key;
        return true;
    }
}
