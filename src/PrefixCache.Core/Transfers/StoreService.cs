using PrefixCache.Core.Blocks;
using PrefixCache.Core.Index;
using PrefixCache.Core.Memory;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Results;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Sharing;
using PrefixCache.Core.Tokens;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Core.Transfers;

/// <summary>Opens transfers into the cache. Thread-safe.</summary>
public sealed class StoreService
{
    private readonly NodeState _state;

    internal StoreService(NodeState state) => _state = state;

    /// <summary>Decides on every offer and takes the memory for what it wants, so that a plan once made holds.</summary>
    /// <param name="share">The caller would write into the arena itself; it is granted where its process holds the arena.</param>
    public Result<StoreTransfer> Open(
        Session session, ulong reservationId, int shard, IReadOnlyList<StoreOffer> offers, bool share = false)
    {
        if (session.IsReadOnly)
            return CacheError.FailedPrecondition($"The session is read_only: open one that is not, or do not store.");
        Plan plan;
        lock (_state.Gate)
        {
            if (!_state.Reservations.Find(session, reservationId).Succeeded(out var reservation, out var error)) return error;
            var layout = reservation.Tree.Layout;
            if ((ShardAccess.CheckStore(layout, session, shard) ?? CheckOffers(offers, reservation)) is { } fault) return fault;
            plan = new Plan(reservation.Tree, session, reservation.Owner, reservation.Tokens.Retain(), shard, share);
        }

        using (plan.Tokens)
        {
            var chain = ChainFor(plan, offers);
            lock (_state.Gate)
            {
                // The reservation keeps its tree in the index; without it the chunks would hang on a tree that nobody finds.
                if (!_state.Reservations.Find(session, reservationId).Succeeded(out _, out var error)) return error;
                return OpenUnsynchronized(plan, offers, chain);
            }
        }
    }

    private static CacheError? CheckOffers(IReadOnlyList<StoreOffer> offers, Reservation reservation)
    {
        var (chunkTokens, total) = (reservation.Tree.Layout.ChunkTokens, reservation.Tokens.Count);
        if (offers.Count == 0) return CacheError.InvalidArgument($"The store offers no chunk.");
        var last = -1;
        for (var index = 0; index < offers.Count; index++)
        {
            var offer = offers[index];
            if (!ChunkPosition.TryFromHandle(offer.Handle, total, chunkTokens, out var position))
                return CacheError.InvalidArgument(
                    $"Handle {offer.Handle} is none of this reservation's: use those of the lookup's answer.");
            if (position <= last) return CacheError.InvalidArgument(
                $"Handle {offer.Handle} is out of order: offer chunks once, in rising position.");
            var tokens = ChunkPosition.Tokens(position, total, chunkTokens);
            if (offer.Tokens < 1 || offer.Tokens > tokens)
                return CacheError.InvalidArgument($"{offer.Tokens} tokens offered for handle {offer.Handle}, which has {tokens}.");
            if (last >= 0 && offers[index - 1].Tokens < chunkTokens)
                return CacheError.InvalidArgument(
                    $"Handle {offer.Handle} follows a chunk of fewer than {chunkTokens} tokens, which ends its chain.");
            last = position;
        }

        return null;
    }

    /// <summary>Hashes and keys of every position up to the last offer; keys from where the tree ends. Runs without the lock.</summary>
    private ChunkChain ChainFor(Plan plan, IReadOnlyList<StoreOffer> offers)
    {
        var layout = plan.Tree.Layout;
        var lengths = new int[(int)offers[^1].Handle];
        Array.Fill(lengths, layout.ChunkTokens);
        foreach (var offer in offers) lengths[(int)offer.Handle - 1] = offer.Tokens;
        var chain = new ChunkChain(plan.Tokens, layout.ChunkTokens, lengths);

        ChunkNode? deepest;
        int known;
        lock (_state.Gate) (deepest, known) = Deepest(plan.Tree, chain);
        chain.ComputeKeys(deepest?.Key ?? plan.Tree.Root, known);
        return chain;
    }

    private static (ChunkNode? Node, int Position) Deepest(NamespaceTree tree, ChunkChain chain)
    {
        ChunkNode? parent = null;
        var position = 0;
        for (; position < chain.Count; position++)
        {
            if (tree.Find(parent, chain.Hashes[position], chain.Tokens(position)) is not { } node) break;
            parent = node;
        }

        return (parent, position);
    }

    private StoreTransfer OpenUnsynchronized(Plan plan, IReadOnlyList<StoreOffer> offers, ChunkChain chain)
    {
        var decisions = new List<StoreDecision>(offers.Count);
        var writes = new List<ChunkWrite>(offers.Count);
        var shape = plan.Tree.Layout.Shapes[plan.Shard];
        ChunkNode? parent = null;
        var (next, refusal) = (0, plan.Tree.IsDetached ? RefusalReason.ParentMissing : RefusalReason.None);
        foreach (var offer in offers)
        {
            var position = (int)offer.Handle - 1;
            for (; next < position && refusal == RefusalReason.None; next++)
            {
                parent = plan.Tree.Find(parent, chain.Hashes[next], chain.Tokens(next));
                if (parent is null) refusal = RefusalReason.ParentMissing;
            }

            if (refusal == RefusalReason.None) refusal = Take(plan, shape, chain, position, ref parent, offer, decisions, writes);
            next = position + 1;
            if (refusal == RefusalReason.None) continue;
            decisions.Add(new StoreDecision(offer.Handle, StoreAction.Refused, refusal));
            _state.Counters.Refused();
        }

        return new StoreTransfer(_state, plan.Shard, decisions, writes, plan.Owner, Grant(plan, writes.Count));
    }

    /// <summary>Null where the payload is to come through the call.</summary>
    private WriteGrant? Grant(in Plan plan, int writes)
    {
        if (!plan.Share || writes == 0 || plan.Caller.Process is not { IsDead: false } process) return null;
        var domain = _state.Domains.Of(plan.Tree.Key.Tenant);
        return domain.Quarantine.IsFull ? null : new WriteGrant(_state.Grants.Next(), domain, process);
    }

    /// <summary>Finds or makes the chunk's node and takes a block for it; <paramref name="parent"/> becomes that node.</summary>
    private static RefusalReason Take(Plan plan, ShardShape shape, ChunkChain chain, int position, ref ChunkNode? parent, StoreOffer offer,
        List<StoreDecision> decisions, List<ChunkWrite> writes)
    {
        var store = plan.Tree.Store;
        var size = new SizeClass(shape.BytesPerToken, offer.Tokens, plan.Tree.Layout.ChunkTokens);
        if (!store.Host.Fits(size.Bytes)) return RefusalReason.TooLarge;
        var node = plan.Tree.Find(parent, chain.Hashes[position], chain.Tokens(position));
        if (node?.Shards[plan.Shard] is not null)
        {
            decisions.Add(new StoreDecision(offer.Handle, StoreAction.Present));
            parent = node;
            return RefusalReason.None;
        }

        // The tree may have lost a node since the keys were computed; the chunk behind it cannot be named then.
        if (node is null && !chain.HasKey(position)) return RefusalReason.ParentMissing;
        node ??= plan.Tree.TryAdd(parent, chain.Tokens(position), chain.Hashes[position], chain.Key(position));
        if (node is null) return RefusalReason.NoMemory;
        node.Writers++;
        if (store.TryAllocate(shape, size) is not { } block)
        {
            node.Writers--;
            ChunkStore.RemoveIfEmpty(node);
            return RefusalReason.NoMemory;
        }

        writes.Add(new ChunkWrite(offer.Handle, node, block));
        decisions.Add(new StoreDecision(offer.Handle, StoreAction.Wanted));
        parent = node;
        return RefusalReason.None;
    }

    private readonly record struct Plan(NamespaceTree Tree, Session Caller, Session Owner, TokenBuffer Tokens, int Shard, bool Share);
}
