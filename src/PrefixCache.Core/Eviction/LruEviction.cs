using PrefixCache.Core.Index;

namespace PrefixCache.Core.Eviction;

/// <summary>Least recently used, leaf first.</summary>
/// <remarks>
/// A used path is moved to the recent end leaf first and root last, so an ancestor is always more recent than what hangs below it and the
/// old end is a leaf. What is found there and cannot go (leased, being written) is moved to the recent end: it is in use, and the next
/// search need not pass it again.
/// </remarks>
internal sealed class LruEviction : IEvictionPolicy
{
    private readonly ChunkQueue _chunks = new();

    public void Added(ChunkNode node)
    {
        _chunks.Add(node);
        for (var ancestor = node.Parent; ancestor is not null; ancestor = ancestor.Parent) Touch(ancestor);
    }

    public void Used(IReadOnlyList<ChunkNode> path)
    {
        for (var i = path.Count - 1; i >= 0; i--) Touch(path[i]);
    }

    public void Removed(ChunkNode node)
    {
        if (node.IsListed) _chunks.Remove(node);
    }

    public ChunkNode? SelectVictim()
    {
        for (var left = _chunks.Count; left > 0; left--)
        {
            var node = _chunks.First!;
            if (node.IsEvictable) return node;
            Touch(node);
        }

        return null;
    }

    private void Touch(ChunkNode node)
    {
        if (node.IsListed) _chunks.MoveToEnd(node);
    }
}
