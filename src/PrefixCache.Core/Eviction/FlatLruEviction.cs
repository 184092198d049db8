using PrefixCache.Core.Index;

namespace PrefixCache.Core.Eviction;

/// <summary>Least recently used, whatever hangs below: for replays that are compared with caches of flat blocks.</summary>
/// <remarks>
/// A used path is moved to the recent end from head to tail, so heads go first and what hangs below them is of no use until they come back.
/// A node would throw its memory away with it.
/// </remarks>
internal sealed class FlatLruEviction : IEvictionPolicy
{
    private readonly ChunkQueue _chunks = new();

    public void Added(ChunkNode node) => _chunks.Add(node);

    public void Used(IReadOnlyList<ChunkNode> path)
    {
        foreach (var node in path)
            if (node.IsListed) _chunks.MoveToEnd(node);
    }

    public void Removed(ChunkNode node)
    {
        if (node.IsListed) _chunks.Remove(node);
    }

    public ChunkNode? SelectVictim()
    {
        var node = _chunks.First;
        while (node is not null and not { Leases: 0, Writers: 0 }) node = node.Newer;
        return node;
    }
}
