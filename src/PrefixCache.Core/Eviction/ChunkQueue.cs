using PrefixCache.Core.Index;

namespace PrefixCache.Core.Eviction;

/// <summary>Chunks in the order in which they came, linked through the nodes: each is in one queue at most. Protected by the node's
/// lock.</summary>
internal sealed class ChunkQueue
{
    private ChunkNode? _last;

    /// <summary>Came first.</summary>
    public ChunkNode? First { get; private set; }

    public int Count { get; private set; }

    public void Add(ChunkNode node)
    {
        (node.Older, node.Newer, node.IsListed) = (_last, null, true);
        if (_last is null) First = node;
        else _last.Newer = node;
        _last = node;
        Count++;
    }

    public void Remove(ChunkNode node)
    {
        if (node.Newer is null) _last = node.Older;
        else node.Newer.Older = node.Older;
        if (node.Older is null) First = node.Newer;
        else node.Older.Newer = node.Newer;
        (node.Newer, node.Older, node.IsListed) = (null, null, false);
        Count--;
    }

    public void MoveToEnd(ChunkNode node)
    {
        if (node == _last) return;
        Remove(node);
        Add(node);
    }
}
