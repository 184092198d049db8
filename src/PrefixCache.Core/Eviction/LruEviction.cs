using PrefixCache.Core.Index;

namespace PrefixCache.Core.Eviction;

/// <summary>Least recently used, leaf first.</summary>
/// <remarks>
/// A doubly linked list through the nodes. A used path is moved to the recent end leaf first and root last, so an ancestor is always more
/// recent than what hangs below it and the old end is a leaf. What is found there and cannot go (leased, being written) is moved to the
/// recent end: it is in use, and the next search need not pass it again.
/// </remarks>
internal sealed class LruEviction : IEvictionPolicy
{
    private ChunkNode? _newest;
    private ChunkNode? _oldest;
    private int _count;

    public void Added(ChunkNode node)
    {
        Link(node);
        for (var ancestor = node.Parent; ancestor is not null; ancestor = ancestor.Parent) Touch(ancestor);
    }

    public void Used(IReadOnlyList<ChunkNode> path)
    {
        for (var i = path.Count - 1; i >= 0; i--) Touch(path[i]);
    }

    public void Removed(ChunkNode node)
    {
        if (node.IsListed) Unlink(node);
    }

    public ChunkNode? SelectVictim()
    {
        for (var left = _count; left > 0; left--)
        {
            var node = _oldest!;
            if (node.IsEvictable) return node;
            Touch(node);
        }

        return null;
    }

    private void Touch(ChunkNode node)
    {
        if (!node.IsListed || node == _newest) return;
        Unlink(node);
        Link(node);
    }

    private void Link(ChunkNode node)
    {
        node.Older = _newest;
        node.Newer = null;
        if (_newest is null) _oldest = node;
        else _newest.Newer = node;
        _newest = node;
        node.IsListed = true;
        _count++;
    }

    private void Unlink(ChunkNode node)
    {
        if (node.Newer is null) _newest = node.Older;
        else node.Newer.Older = node.Older;
        if (node.Older is null) _oldest = node.Newer;
        else node.Older.Newer = node.Newer;
        (node.Newer, node.Older, node.IsListed) = (null, null, false);
        _count--;
    }
}
