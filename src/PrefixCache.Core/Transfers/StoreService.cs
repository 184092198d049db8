using PrefixCache.Core.Index;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Results;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Sharing;
using PrefixCache.Core.Tokens;

namespace PrefixCache.Core.Transfers;

/// <summary>Opens transfers into the cache. Thread-safe.</summary>
public sealed class StoreService
{
    /// <summary>Some 50 µs of work where each block has to be made room for.</summary>
    private const int OffersPerHold = 16;

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
            plan = new Plan(
                reservation.Tree, session, reservation.Tokens.Retain(), shard, share,
                Math.Min(reservation.StoreLimit, reservation.Tokens.Count));
        }

        using (plan.Tokens)
        {
            return Take(plan, reservationId, offers, ChainFor(plan, offers));
        }
    }

    /// <summary>Takes the blocks a part at a time, so that others get the lock in between.</summary>
    private Result<StoreTransfer> Take(Plan plan, ulong reservationId, IReadOnlyList<StoreOffer> offers, ChunkChain chain)
    {
        _state.Counters.Hashed(chain.HashedTokens);
        var taker = new StoreTaker(plan.Tree, plan.Shard, chain, reservationId, _state.Counters, plan.Caller.TakesCuts);
        StoreTransfer? transfer = null;
        CacheError? error = null;
        for (var next = 0; next < offers.Count && error is null;)
        {
            lock (_state.Gate)
            {
                // The reservation keeps its tree in the index; without it the chunks would hang on a tree that nobody finds.
                if (!_state.Reservations.Find(plan.Caller, reservationId).Succeeded(out var reservation, out error)) break;

                // From the first part on it is what keeps the memory, and what gives back all that was taken.
                transfer ??= new StoreTransfer(_state, plan.Shard, taker.Decisions, taker.Writes, reservation);
                taker.Resume();
                for (var end = Math.Min(next + OffersPerHold, offers.Count); next < end; next++) taker.Decide(offers[next]);
                if (next == offers.Count && Grant(plan, taker.Writes.Count) is { } grant) transfer.Share(grant);
            }
        }

        if (error is null) return transfer!;
        transfer?.Dispose();
        return error;
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

    /// <summary>Every position up to the last offer, as far as it may be stored; keys from where the tree ends. Runs without the
    /// lock.</summary>
    private ChunkChain ChainFor(Plan plan, IReadOnlyList<StoreOffer> offers)
    {
        var chunkTokens = plan.Tree.Layout.ChunkTokens;
        var count = Math.Min((int)offers[^1].Handle, ChunkPosition.Count(plan.StoreLimit, chunkTokens));
        var lengths = new int[count];
        Array.Fill(lengths, chunkTokens);
        foreach (var offer in offers)
        {
            var position = (int)offer.Handle - 1;
            if (position < count) lengths[position] = Math.Min(offer.Tokens, plan.StoreLimit - (position * chunkTokens));
        }

        // A caller that cannot send less than it offers keeps what is beyond the limit to itself.
        if (count > 0 && !plan.Caller.TakesCuts && offers.Any(offer => (int)offer.Handle == count && offer.Tokens > lengths[^1]))
            lengths = lengths[..^1];
        var chain = new ChunkChain(plan.Tokens, chunkTokens, lengths);

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
            if (tree.Find(parent, chain.Text(position)) is not { } node) break;
            parent = node;
        }

        return (parent, position);
    }

    /// <summary>Null where the payload is to come through the call.</summary>
    private WriteGrant? Grant(in Plan plan, int writes)
    {
        if (!plan.Share || writes == 0 || plan.Caller.Process is not { IsDead: false } process) return null;
        var domain = _state.Domains.Of(plan.Tree.Key.Tenant);
        return domain.Quarantine.IsFull ? null : new WriteGrant(_state.Grants.Next(), domain, process);
    }

    private readonly record struct Plan(
        NamespaceTree Tree, Session Caller, TokenBuffer Tokens, int Shard, bool Share, int StoreLimit);
}
