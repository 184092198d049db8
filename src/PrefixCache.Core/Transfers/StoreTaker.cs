using PrefixCache.Core.Blocks;
using PrefixCache.Core.Index;
using PrefixCache.Core.Memory;
using PrefixCache.Core.Statistics;

namespace PrefixCache.Core.Transfers;

/// <summary>Decides on the offers of one store, one after the other, and takes a block for each that is wanted.</summary>
/// <remarks>
/// Every method is called under the node's lock, which may be let go between offers: <see cref="Resume"/> then looks at what may have
/// changed. A wanted chunk cannot go meanwhile, for it has a writer; one that was there already can.
/// </remarks>
internal sealed class StoreTaker(NamespaceTree tree, int shard, ChunkChain chain, CacheCounters counters)
{
    private ChunkNode? _parent;
    private int _next;
    private RefusalReason _refusal;

    /// <summary>One per offer so far.</summary>
    public List<StoreDecision> Decisions { get; } = [];

    /// <summary>The wanted ones among them.</summary>
    public List<ChunkWrite> Writes { get; } = [];

    /// <summary>Called each time that the lock was taken, before the next offer.</summary>
    public void Resume()
    {
        if (tree.IsDetached && _refusal == RefusalReason.None) _refusal = RefusalReason.ParentMissing;

        // The parent was evicted, and perhaps stored again: it is looked for from the root.
        if (_parent is { IsDetached: true }) (_parent, _next) = (null, 0);
    }

    /// <param name="offer">In rising position.</param>
    public void Decide(StoreOffer offer)
    {
        var position = (int)offer.Handle - 1;
        for (; _next < position && _refusal == RefusalReason.None; _next++)
        {
            _parent = tree.Find(_parent, chain.Hashes[_next], chain.Tokens(_next));
            if (_parent is null) _refusal = RefusalReason.ParentMissing;
        }

        if (_refusal == RefusalReason.None) _refusal = Take(position, offer);
        _next = position + 1;
        if (_refusal == RefusalReason.None) return;
        Decisions.Add(new StoreDecision(offer.Handle, StoreAction.Refused, _refusal));
        counters.Refused();
    }

    /// <summary>Finds or makes the chunk's node and takes a block for it; the node is the next one's parent.</summary>
    private RefusalReason Take(int position, StoreOffer offer)
    {
        var (store, shape) = (tree.Store, tree.Layout.Shapes[shard]);
        var size = new SizeClass(shape.BytesPerToken, offer.Tokens, tree.Layout.ChunkTokens);
        if (!store.Host.Fits(size.Bytes)) return RefusalReason.TooLarge;
        var node = tree.Find(_parent, chain.Hashes[position], chain.Tokens(position));
        if (node?.Shards[shard] is not null)
        {
            Decisions.Add(new StoreDecision(offer.Handle, StoreAction.Present));
            _parent = node;
            return RefusalReason.None;
        }

        // The tree may have lost a node since the keys were computed; the chunk behind it cannot be named then.
        if (node is null && !chain.HasKey(position)) return RefusalReason.ParentMissing;
        node ??= tree.TryAdd(_parent, chain.Tokens(position), chain.Hashes[position], chain.Key(position));
        if (node is null) return RefusalReason.NoMemory;
        node.Writers++;
        if (store.TryAllocate(shape, size) is not { } block)
        {
            node.Writers--;
            ChunkStore.RemoveIfEmpty(node);
            return RefusalReason.NoMemory;
        }

        Writes.Add(new ChunkWrite(offer.Handle, node, block));
        Decisions.Add(new StoreDecision(offer.Handle, StoreAction.Wanted));
        _parent = node;
        return RefusalReason.None;
    }
}
