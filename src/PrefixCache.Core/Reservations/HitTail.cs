using PrefixCache.Core.Index;
using PrefixCache.Core.Tokens;

namespace PrefixCache.Core.Reservations;

/// <summary>The end of a hit: tokens behind its whole chunks, which the first part of another chunk serves.</summary>
/// <remarks>Called under the node's lock.</remarks>
internal static class HitTail
{
    /// <summary>The chunk that serves the tokens behind the whole chunks of the path.</summary>
    /// <param name="tree">Of the namespace.</param>
    /// <param name="path">Whole chunks of the hit.</param>
    /// <param name="tokens">That were looked up.</param>
    /// <param name="nearest">What shares most with the tokens behind the path.</param>
    /// <param name="minPartialTokens">A run of so many tokens within a chunk is a hit; 0 = none is.</param>
    /// <param name="align">The hit is to be a multiple of so many tokens.</param>
    /// <param name="more">It has to serve more than so many.</param>
    /// <param name="served">How many it serves.</param>
    public static ChunkNode? Find(
        NamespaceTree tree, List<ChunkNode> path, TokenBuffer tokens, in Neighbour nearest, int minPartialTokens, int align, int more,
        out int served)
    {
        served = 0;
        if (nearest.Common == 0) return null;
        var first = path.Count * tree.Layout.ChunkTokens;
        var text = tokens.Text(first, nearest.Common);
        ref var behind = ref tree.Behind(path.Count == 0 ? null : path[^1]);

        // Less than the least run serves only where a stored chunk ends.
        var common = minPartialTokens > 0 && nearest.Common >= minPartialTokens
            ? nearest.Common
            : behind.Residents.LongestWithin(text, nearest.Common)?.TokenCount ?? 0;
        var needed = Math.Max(((first + common) / align * align) - first, 1);
        if (common == 0 || needed <= more) return null;

        // A chunk that ends there serves as well as the one that goes on, and does not keep a stranger's tokens in place.
        var node = behind.Residents.Shortest(text, needed)!;
        served = Math.Min(common, node.TokenCount);
        return node;
    }

    /// <summary>Tells the eviction policy. A chunk that served a few tokens by chance is not kept for it.</summary>
    /// <param name="path">Of the hit, with the chunk that serves its end.</param>
    /// <param name="tail">How many tokens that one serves; 0 = there is none.</param>
    public static void Use(NamespaceTree tree, List<ChunkNode> path, int tail, int minPartialTokens)
    {
        if (tail > 0)
        {
            var node = path[^1];
            tree.Store.Branches?.Hit(node);
            var below = node.IsBranchPoint || node.TokenCount == tail ? null
                : tree.Behind(node.Parent).Residents.LongestWithin(node.Text, tail);
            if (below is not null && tail - below.TokenCount < minPartialTokens)
            {
                tree.Store.Used(path[..^1]);
                return;
            }
        }

        tree.Store.Used(path);
    }
}
