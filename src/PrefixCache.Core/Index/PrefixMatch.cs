using PrefixCache.Core.Tokens;

namespace PrefixCache.Core.Index;

/// <summary>Token-granular match: what serves the tokens behind the whole chunks of a path.</summary>
internal static class PrefixMatch
{
    /// <summary>The chunk that serves a sequence behind the whole chunks of its path.</summary>
    /// <param name="tree">Of the namespace.</param>
    /// <param name="path">Whole chunks from position 0 on.</param>
    /// <param name="tokens">Of the whole sequence.</param>
    /// <param name="nearest">From <see cref="NamespaceTree.Walk"/>.</param>
    /// <param name="rule">How short and how aligned a run may be.</param>
    /// <param name="more">It has to serve more than so many.</param>
    /// <param name="served">How many it serves.</param>
    public static ChunkNode? Tail(
        NamespaceTree tree, List<ChunkNode> path, TokenBuffer tokens, in Neighbour nearest, MatchRule rule, int more, out int served)
    {
        served = 0;
        if (nearest.Common == 0) return null;
        var first = path.Count * tree.Layout.ChunkTokens;
        var text = tokens.Text(first, nearest.Common);
        ref var behind = ref tree.Behind(path.Count == 0 ? null : path[^1]);

        // Less than the least run serves only where a stored chunk ends.
        var common = rule.MinTokens > 0 && nearest.Common >= rule.MinTokens
            ? nearest.Common
            : behind.Residents.LongestWithin(text, nearest.Common)?.TokenCount ?? 0;
        var needed = Math.Max(((first + common) / rule.AlignTokens * rule.AlignTokens) - first, 1);
        if (common == 0 || needed <= more) return null;

        // A chunk that ends there serves as well as the one that goes on, and does not keep a stranger's tokens in place.
        var node = behind.Residents.Shortest(text, needed)!;
        served = Math.Min(common, node.TokenCount);
        return node;
    }

    /// <summary>Leading tokens that a lookup would hit now.</summary>
    /// <param name="path">Whole chunks from position 0 on that are known to be there; stays as it is.</param>
    public static int Reach(NamespaceTree tree, IEnumerable<ChunkNode> path, TokenBuffer tokens, MatchRule rule)
    {
        List<ChunkNode> whole = [.. path];
        var nearest = tree.Walk(whole, tokens);
        Tail(tree, whole, tokens, nearest, rule, 0, out var served);
        return ((whole.Count * tree.Layout.ChunkTokens) + served) / rule.AlignTokens * rule.AlignTokens;
    }

    /// <summary>Tells the eviction policy that a path was used. A chunk that served a few tokens by chance is not kept for it.</summary>
    /// <param name="path">With the chunk that serves its end.</param>
    /// <param name="tail">How many tokens that one serves; 0 = there is none.</param>
    public static void Use(NamespaceTree tree, List<ChunkNode> path, int tail, int minTokens)
    {
        if (tail > 0) tree.Store.Branches?.Hit(path[^1]);
        tree.Store.Used(tail > 0 && IsByChance(path[^1], tail, minTokens) ? path[..^1] : path);
    }

    /// <summary>A shorter chunk has nearly all tokens that this one served.</summary>
    private static bool IsByChance(ChunkNode tail, int served, int minTokens)
    {
        if (tail.IsBranchPoint || tail.TokenCount == served) return false;
        var below = tail.Tree.Behind(tail.Parent).Residents.LongestWithin(tail.Text, served);
        return below is not null && served - below.TokenCount < minTokens;
    }
}
