using PrefixCache.Core.Index;
using PrefixCache.Core.Memory;
using PrefixCache.Core.Statistics;
using PrefixCache.Core.Tokens;

namespace PrefixCache.Core.Transfers;

/// <summary>Decides on the offers of one store, one after the other, and takes a block for each that is wanted.</summary>
/// <remarks>
/// Every method is called under the node's lock, which may be let go between offers: <see cref="Resume"/> then looks at what may have
/// changed. A wanted chunk cannot go meanwhile, for it has a writer; one that was there already can.
/// </remarks>
/// <param name="tree">Of the reservation's namespace.</param>
/// <param name="shard">Offered.</param>
/// <param name="chain">The chunks from the first position on, as far as they may be stored.</param>
/// <param name="reservation">Who offers: ranks of one request that offer the same chunk are one offer.</param>
/// <param name="counters">Of the node.</param>
/// <param name="mayCut">The caller understands that only a chunk's first tokens are wanted.</param>
internal sealed class StoreTaker(
    NamespaceTree tree, int shard, ChunkChain chain, ulong reservation, CacheCounters counters, bool mayCut = true)
{
    private ChunkNode? _parent;
    private int _next;

    /// <summary>The last chunk that was not admitted: what follows is remembered behind it.</summary>
    private ChunkNode? _remembered;

    /// <summary>Why no chunk from here on can be had.</summary>
    private RefusalReason _refusal;

    /// <summary>One per offer so far.</summary>
    public List<StoreDecision> Decisions { get; } = [];

    /// <summary>The wanted ones among them.</summary>
    public List<ChunkWrite> Writes { get; } = [];

    /// <summary>Called each time that the lock was taken, before the next offer.</summary>
    public void Resume()
    {
        if (tree.IsDetached && _refusal == RefusalReason.None) _refusal = RefusalReason.ParentMissing;

        if (_remembered is { IsDetached: true }) _remembered = null;

        // The parent was evicted, and perhaps stored again: it is looked for from the root.
        if (_parent is { IsDetached: true } or { IsGhost: true } && _refusal == RefusalReason.None) (_parent, _next) = (null, 0);
    }

    /// <param name="offer">In rising position.</param>
    public void Decide(StoreOffer offer)
    {
        var position = (int)offer.Handle - 1;
        var decision = position < chain.Count ? Decide(position, offer) : Refused(offer, RefusalReason.StoreLimit);
        _next = position + 1;
        Decisions.Add(decision);
        if (decision.Action == StoreAction.Refused) counters.Refused(decision.Reason);
    }

    private static StoreDecision Refused(StoreOffer offer, RefusalReason reason) => new(offer.Handle, StoreAction.Refused, reason);

    private StoreDecision Decide(int position, StoreOffer offer)
    {
        for (; _next < position && _refusal == RefusalReason.None; _next++)
        {
            _parent = tree.Find(_parent, chain.Text(_next));
            if (_parent is null or { IsGhost: true }) _refusal = RefusalReason.ParentMissing;
        }

        if (_refusal == RefusalReason.None) return Take(position, offer);

        // Nothing is stored behind a chunk that is not; but it is to be known when it is seen again, unless the one before it was not
        // offered.
        if (_remembered is not null) _remembered = position == _next ? Remember(_remembered, position) : null;
        return Refused(offer, _refusal);
    }

    /// <summary>Finds or makes the chunk's node and takes a block for it; the node is the next one's parent.</summary>
    private StoreDecision Take(int position, StoreOffer offer)
    {
        var text = chain.Text(position);
        var node = tree.Find(_parent, text);
        if (node?.Shards[shard] is not null)
        {
            tree.Store.Admission.Offered(node, reservation);
            _parent = node;
            return new StoreDecision(offer.Handle, StoreAction.Present);
        }

        // A short chunk that a longer one contains and serves; nothing can follow it.
        if (node is null && tree.Store.Branches?.IsServedByLonger(text.Count) != false
            && tree.Behind(_parent).Residents.Nearest(text).Common == text.Count)
            return new StoreDecision(offer.Handle, StoreAction.Present);
        if (node is not (null or { IsGhost: true }) || IsAdmitted(node, text)) return Take(position, offer, text.Count);
        var shared = !mayCut ? 0 : node?.Seen?.AdmittedTokens ?? SharedTokens(text);
        _remembered = Remember(_parent, position);
        if (mayCut && _remembered?.Seen is { } seen) seen.AdmittedTokens = shared;
        var decision = shared > 0 ? Take(position, offer, shared) : Refused(offer, RefusalReason.NotReused);
        _refusal = RefusalReason.NotReused;
        return decision;
    }

    /// <summary>A chunk that is not here is worth its memory.</summary>
    private bool IsAdmitted(ChunkNode? node, in ChunkText text)
    {
        var admission = tree.Store.Admission;
        admission.Missed(node, reservation, tree.Layout.BytesPerToken * text.Count);
        return (node is not null && admission.Offered(node, reservation)) || !admission.IsSelective;
    }

    /// <summary>Leading tokens that another chunk was offered with before and that no chunk ends with yet.</summary>
    private int SharedTokens(in ChunkText text)
    {
        if (tree.Store.Branches is not { } branches) return 0;
        var nearest = tree.Nearest(_parent, text);
        return branches.IsWorthwhile(tree, _parent, text, nearest) ? nearest.Common : 0;
    }

    /// <summary>Keeps the tokens of a chunk that is not stored.</summary>
    /// <returns>Null where nothing may be remembered.</returns>
    private ChunkNode? Remember(ChunkNode? parent, int position)
    {
        var text = chain.Text(position);
        var node = tree.Find(parent, text);
        if (node is null && chain.HasKey(position) && (node = tree.TryAdd(parent, text, chain.Key(position))) is not null)
            tree.Store.Ghosts.Add(node, MissReason.Policy);
        if (node is null or { IsDetached: true }) return null;
        tree.Store.Admission.Offered(node, reservation);
        return node;
    }

    /// <param name="tokens">Of the chunk, from its first.</param>
    private StoreDecision Take(int position, StoreOffer offer, int tokens)
    {
        var (store, shape) = (tree.Store, tree.Layout.Shapes[shard]);
        var text = chain.Text(position);
        var isCut = tokens < text.Count;
        var size = new SizeClass(shape.BytesPerToken, tokens, tree.Layout.ChunkTokens);
        if (!store.Tier.Fits(size.Bytes)) return Refused(offer, _refusal = RefusalReason.TooLarge);

        // The tree may have lost a node since the keys were computed; the chunk behind it cannot be named then.
        var run = text.Cut(tokens);
        var known = tree.Find(_parent, run);
        var node = known is null && !chain.HasKey(position)
            ? null
            : tree.GetOrAdd(_parent, run, known?.Key ?? (isCut ? chain.CutKey(position, tokens) : chain.Key(position)));
        if (node is null) return Refused(offer, _refusal = RefusalReason.ParentMissing);
        if (node.Shards[shard] is not null) return new StoreDecision(offer.Handle, StoreAction.Present);
        store.Admission.Offered(node, reservation);
        node.Writers++;
        if ((isCut && !store.Branches!.TryPlace(node)) || store.TryAllocate(shape, size) is not { } block)
        {
            node.Writers--;
            if (node.Gone == MissReason.None) node.Gone = MissReason.Quota;
            store.RemoveIfEmpty(node);
            return Refused(offer, _refusal = RefusalReason.NoMemory);
        }

        Writes.Add(new ChunkWrite(offer.Handle, node, block));
        _parent = node;
        return new StoreDecision(offer.Handle, StoreAction.Wanted) { Tokens = tokens < offer.Tokens ? tokens : 0 };
    }
}
