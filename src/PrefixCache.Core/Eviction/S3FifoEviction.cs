using PrefixCache.Core.Index;

namespace PrefixCache.Core.Eviction;

/// <summary>S3-FIFO (Yang and others, SOSP 2023), leaf first: new chunks are on trial in a small queue, used ones live in the main
/// one.</summary>
/// <remarks>
/// The paper's ghost queue is the index's list of ghosts: what comes back from it goes to the main queue at once. A chunk that cannot go,
/// for others hang on it or somebody uses it, goes to the end of its queue. Protected by the node's lock.
/// </remarks>
internal sealed class S3FifoEviction : IEvictionPolicy
{
    /// <summary>The paper's share of the small queue: a tenth.</summary>
    private const int SmallShare = 10;

    /// <summary>Uses are counted up to three, in two bits there.</summary>
    private const int MaxUses = 3;

    /// <summary>Rounds of a queue after which nothing can be found in it: each takes one use away.</summary>
    private const int MaxRounds = MaxUses + 1;

    private readonly ChunkQueue _small = new();
    private readonly ChunkQueue _main = new();

    public void Added(ChunkNode node)
    {
        // It was here before: a ghost keeps that.
        node.Reuse.IsMain = node.Reuse.WasEvicted;
        node.Reuse.Uses = 0;
        QueueOf(node).Add(node);

        // Ancestors stand behind what hangs on them, so that the eldest is a leaf.
        for (var ancestor = node.Parent; ancestor is not null; ancestor = ancestor.Parent)
            if (ancestor.IsListed) QueueOf(ancestor).MoveToEnd(ancestor);
    }

    public void Used(IReadOnlyList<ChunkNode> path)
    {
        foreach (var node in path) node.Reuse.Uses = Math.Min(node.Reuse.Uses + 1, MaxUses);
    }

    public void Removed(ChunkNode node)
    {
        if (!node.IsListed) return;
        QueueOf(node).Remove(node);
        node.Reuse.WasEvicted = true;
    }

    public ChunkNode? SelectVictim()
    {
        var isSmallFull = _small.Count * SmallShare >= _small.Count + _main.Count;
        return isSmallFull ? FromSmall() ?? FromMain() : FromMain() ?? FromSmall();
    }

    private ChunkQueue QueueOf(ChunkNode node) => node.Reuse.IsMain ? _main : _small;

    private ChunkNode? FromSmall()
    {
        for (var left = _small.Count; left > 0; left--)
        {
            var node = _small.First!;
            if (node.Reuse.Uses > 0)
            {
                _small.Remove(node);
                (node.Reuse.IsMain, node.Reuse.Uses) = (true, 0);
                _main.Add(node);
                continue;
            }

            if (node.IsEvictable) return node;
            _small.MoveToEnd(node);
        }

        return null;
    }

    private ChunkNode? FromMain()
    {
        for (var left = _main.Count * MaxRounds; left > 0; left--)
        {
            var node = _main.First!;
            if (node.Reuse.Uses == 0 && node.IsEvictable) return node;
            node.Reuse.Uses = Math.Max(0, node.Reuse.Uses - 1);
            _main.MoveToEnd(node);
        }

        return null;
    }
}
