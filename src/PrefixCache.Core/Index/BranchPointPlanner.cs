using PrefixCache.Core.Blocks;
using PrefixCache.Core.Statistics;
using PrefixCache.Core.Tokens;

namespace PrefixCache.Core.Index;

/// <summary>
/// Decides which runs become branch points: tokens that two chunks share and differ behind, kept in a short chunk of their own, so that
/// they stay when the chunks behind them go.
/// </summary>
/// <remarks>
/// Among many chunks some share a run by chance. The more branch points of a parent had to go again, the more chunks must share the next
/// one; one that was hit may always come back.
/// Every method is called under the node's lock. The copy is made by whoever <paramref name="make"/> is: it takes a lease itself.</remarks>
/// <param name="store">Whose chunks.</param>
/// <param name="minTokens">A branch point adds so many to the one below it.</param>
/// <param name="counters">Of the node.</param>
/// <param name="make">Has the first tokens of a complete chunk copied; false = no time for it now.</param>
internal sealed class BranchPointPlanner(ChunkStore store, int minTokens, CacheCounters counters, Func<ChunkNode, int, bool> make)
{
    /// <summary>More would be runs that a few chunks share by chance.</summary>
    public const int MaxPerParent = 8;

    /// <summary>A branch point that so many proposals found unused may give its place away.</summary>
    private const int ProposalsUnused = 64;

    /// <summary>So many branch points that went again ask for one more chunk that shares the next.</summary>
    private const int GonePerSharer = 8;

    /// <summary>A chunk became complete: does it share a run with another one?</summary>
    /// <param name="nearest">What shares most with it.</param>
    public void Completed(ChunkNode node, in Neighbour nearest)
    {
        if (node.IsBranchPoint || nearest.Node is null || nearest.Common == 0) return;
        ReplaceTails(node);
        if (!IsWorthwhile(node.Tree, node.Parent, node.Text, nearest)) return;
        var list = node.Tree.Behind(node.Parent).BranchPoints ??= new BranchPointList();
        list.Proposals++;
        var isShared = nearest.Sharers > list.Gone / GonePerSharer || nearest.Node is { IsBranchPoint: true, IsBranchHit: true };
        var hasPlace = list.Points.Count < MaxPerParent || (nearest.Sharers > 1 && Replaceable(list) is not null);
        if (!isShared || !hasPlace || !make(node, nearest.Common)) counters.BranchPointDropped();
    }

    /// <summary>The run that a text shares with its nearest is none that a chunk ends with already, or nearly.</summary>
    public bool IsWorthwhile(NamespaceTree tree, ChunkNode? parent, in ChunkText text, in Neighbour nearest)
    {
        var (tokens, known) = (nearest.Common, nearest.Node);
        if (known is null || minTokens == 0 || tokens < minTokens || tokens == text.Count) return false;

        // A tail that grew is no second use of its tokens.
        if (nearest.Sharers == 0 && !known.IsBranchPoint) return false;
        var below = tree.Behind(parent).Residents.LongestWithin(text, tokens);
        return tokens - (below?.TokenCount ?? 0) >= minTokens;
    }

    /// <summary>Takes a place among the parent's branch points, another one's if need be.</summary>
    /// <param name="node">About to be written.</param>
    public bool TryPlace(ChunkNode node)
    {
        var list = node.Tree.Behind(node.Parent).BranchPoints ??= new BranchPointList();
        if (list.Points.Contains(node)) return true;
        if (list.Points.Count >= MaxPerParent)
        {
            if (Replaceable(list) is not { } unused) return false;
            store.Discard(unused);
            counters.BranchPointReplaced();
        }

        (node.IsBranchPoint, node.IsBranchHit, node.BranchUse) = (true, false, list.Proposals);
        list.Points.Add(node);
        return true;
    }

    /// <summary>A branch point can be found: those that add next to nothing to it are not needed.</summary>
    public void Made(ChunkNode node)
    {
        counters.BranchPointMade();
        var points = node.Tree.Behind(node.Parent).BranchPoints!.Points;
        foreach (var point in points.ToArray())
        {
            var more = point.TokenCount - node.TokenCount;
            if (more <= 0 || more >= minTokens || !point.IsEvictable || !point.IsComplete) continue;
            if (point.Text.CommonTokens(node.Text) < node.TokenCount) continue;
            store.Discard(point);
            counters.BranchPointReplaced();
        }
    }

    /// <summary>A lookup was served from it.</summary>
    public void Hit(ChunkNode node)
    {
        if (!node.IsBranchPoint || node.Tree.Behind(node.Parent).BranchPoints is not { } list) return;
        (node.IsBranchHit, node.BranchUse) = (true, list.Proposals);
        counters.BranchPointHit();
    }

    /// <summary>A chunk has lost its blocks, or never got them.</summary>
    public static void Gone(ChunkNode node)
    {
        if (!node.IsBranchPoint) return;
        if (node.Tree.Behind(node.Parent).BranchPoints is not { } list || !list.Points.Remove(node)) return;
        list.Gone++;
    }

    /// <summary>Nobody uses the chunk at the moment: a tail that a longer chunk contains goes.</summary>
    public void Unleased(ChunkNode node)
    {
        if (node.IsFull || node.IsBranchPoint || !node.IsComplete || !node.IsEvictable || !IsServedByLonger(node.TokenCount)) return;
        if (node.Tree.Behind(node.Parent).Residents.Nearest(node.Text).Sharers == 0) return;
        store.Discard(node);
        counters.TailReplaced();
    }

    /// <summary>A run of so many tokens within a longer chunk is a hit: a chunk of its own has no use then.</summary>
    public bool IsServedByLonger(int tokens) => minTokens > 0 && tokens >= minTokens;

    private static ChunkNode? Replaceable(BranchPointList list)
    {
        var eldest = list.Points.MinBy(point => point.BranchUse)!;
        return eldest is { IsEvictable: true, IsComplete: true } && list.Proposals - eldest.BranchUse >= ProposalsUnused ? eldest : null;
    }

    /// <summary>Short chunks that this one contains and that are no branch points have no use any more.</summary>
    private void ReplaceTails(ChunkNode node)
    {
        var text = node.Text;
        for (var tokens = node.TokenCount - 1; tokens > 0;)
        {
            if (node.Tree.Behind(node.Parent).Residents.LongestWithin(text, tokens) is not { } tail || !IsServedByLonger(tail.TokenCount)) return;
            tokens = tail.TokenCount - 1;
            if (tail.IsBranchPoint || !tail.IsEvictable) continue;
            store.Discard(tail);
            counters.TailReplaced();
        }
    }
}
