using PrefixCache.Core.Index;

namespace PrefixCache.Core.Eviction;

/// <summary>Least recently used, whatever hangs below: for replays that are compared with caches of flat blocks.</summary>
/// <remarks>
/// A used path is moved to the recent end from head to tail, so heads go first and what hangs below them is of no use until they come back.
/// A node would throw its memory away with it.
/// </remarks>
internal sealed class FlatLruEviction : IEvictionPolicy
{
    private ChunkNode? _newest;
    private ChunkNode? _oldest;

    public void Added(ChunkNode node) => Link(node);

    public void Used(IReadOnlyList<ChunkNode> path)
    {
        for (var i = 0; i < path.Count; i++)
        {
            if (!path[i].IsListed || path[i] == _newest) continue;
            Unlink(path[i]);
            Link(path[i]);
        }
    }

    public void Removed(ChunkNode node)
    {
        if (node.IsListed) Unlink(node);
    }

    public ChunkNode? SelectVictim()
    {
        var node = _oldest;
        while (node is not null and not { Leases: 0, Writers: 0 }) node = node.Newer;
        return node;
    }

    private void Link(ChunkNode node)
    {
        (node.Older, node.Newer, node.IsListed) = (_newest, null, true);
        if (_newest is null) _oldest = node;
        else _newest.Newer = node;
        _newest = node;
    }

    private void Unlink(ChunkNode node)
    {
        if (node.Newer is null) _newest = node.Older;
        else node.Newer.Older = node.Older;
        if (node.Older is null) _oldest = node.Newer;
        else node.Older.Newer = node.Newer;
        (node.Newer, node.Older, node.IsListed) = (null, null, false);
    }
}
