using PrefixCache.Core.Reservations;
using PrefixCache.Core.Tiers.Redis;
using PrefixCache.Format.Keys;

namespace PrefixCache.Core.Claims;

/// <summary>Brings this node's claims before the fleet, and the fleet's before this node's requests.</summary>
/// <remarks>
/// Thread-safe. A claim is known on its node first: while the fleet is asked, others of the node wait for it as for any. Where another node
/// computes the same, its claim takes this one's place, and ends here when that node lets its key go.
/// </remarks>
internal sealed class ClaimFleet : IDisposable
{
    private const int MaxTokensBehind = 1024;

    private readonly NodeState _state;
    private readonly IFleetClaims _fleet;
    private readonly FleetCalls _calls;
    private readonly TimeSpan _renewAfter;
    private readonly PendingFinder _pending;

    /// <summary>Claims of other nodes that requests of this one wait for. Protected by the node's lock.</summary>
    private readonly Dictionary<ChunkKey, Claim> _others = [];

    /// <summary>What this node holds in the fleet. Protected by the node's lock.</summary>
    private readonly List<FleetHold> _holds = [];
    private long _renewed;
    private int _isAsking;

    public ClaimFleet(NodeState state, IFleetClaims fleet, TimeSpan timeout)
    {
        (_state, _fleet, _renewAfter, _pending) = (state, fleet, timeout / 4, new PendingFinder(state));

        // Longer than the claim itself without a sign of life, so that it is the node that ends it.
        _calls = new FleetCalls(fleet, state, timeout + TimeSpan.FromSeconds(1));
        fleet.Changed += OnChanged;
        fleet.WaiterRegistered += OnWaiterRegistered;
    }

    /// <summary>Asks for a claim that this node's requests know already.</summary>
    /// <returns>Null = it is the caller's; else what another node computes, and the claim has ended.</returns>
    public async ValueTask<ClaimAnswer?> TakeAsync(Claim claim, ClaimPlan plan)
    {
        var (key, tokens) = Describe(plan, plan.FirstPosition);
        var holder = Guid.NewGuid();
        var take = await _calls.TryTakeAsync(key, holder, tokens);
        if (take is { IsTaken: true })
        {
            var keys = await TakeRestAsync(plan, holder);
            keys.Insert(0, (plan.FirstPosition, key));
            lock (_state.Gate)
            {
                var hold = new FleetHold(_calls, claim, keys, holder);
                _holds.Add(hold);
                if (claim.HasEnded) hold.End(false);
                else claim.Fleet = hold;
            }

            return await FindAsync(claim, plan);
        }

        return take is { } held ? await YieldAsync(claim, plan, key, held) : null;
    }

    /// <summary>Takes the positions behind the first, before anybody can have the first: who has that comes to them next.</summary>
    private async Task<List<(int Position, ChunkKey Key)>> TakeRestAsync(ClaimPlan plan, Guid holder)
    {
        var rest = Enumerable.Range(1, plan.Slots.Length - 1).Select(async index =>
        {
            var position = plan.FirstPosition + index;
            var (key, tokens) = Describe(plan, position);
            return (Position: position, Key: key, IsTaken: await _calls.TryTakeAsync(key, holder, tokens) is { IsTaken: true });
        });
        return [.. (await Task.WhenAll(rest)).Where(taken => taken.IsTaken).Select(taken => (taken.Position, taken.Key))];
    }

    /// <summary>Behind the first position only the next few chunks are told: who waits for more asks again then.</summary>
    private static (ChunkKey Key, byte[] Tokens) Describe(ClaimPlan plan, int position)
    {
        var first = position * plan.Tree.Layout.ChunkTokens;
        var count = position == plan.FirstPosition ? plan.End - first : Math.Min(plan.End - first, MaxTokensBehind);
        return FleetCalls.Describe(plan.Slots[position - plan.FirstPosition].Parent, plan.Tokens, first, count);
    }

    /// <summary>
    /// Who computed it may have let it go, and have it where all find it, since the asker looked: who holds the claim looks again.
    /// </summary>
    private async ValueTask<ClaimAnswer?> FindAsync(Claim claim, ClaimPlan plan)
    {
        if (_state.Redis is not { } redis || await redis.ReachAsync(plan) is var reach && reach <= plan.First) return null;
        lock (_state.Gate)
        {
            // What the asker was told to compute, though Redis has it, is to be computed once too.
            if (claim.Owner is { LeavesRedisAlone: true } || reach <= claim.Owner?.Search?.NotLoadedEnd) return null;
            if (claim.Owner is { } asker) RedisTier.Forget(asker);
            _state.Claims.End(claim, null);
        }

        return new ClaimAnswer(ClaimOutcome.Hit);
    }

    /// <summary>Renews what is held, and asks after what others hold; called by a timer.</summary>
    public void Tick()
    {
        List<ChunkKey> asked;
        lock (_state.Gate)
        {
            _holds.RemoveAll(hold => hold.IsOver);
            if (_state.Claims.IsEmpty) return;
            if (_state.Time.GetElapsedTime(_renewed) >= _renewAfter)
            {
                _renewed = _state.Time.GetTimestamp();
                foreach (var claim in _state.Claims.All) claim.Fleet?.Renew();
            }

            asked = [.. _others.Keys];
        }

        if (asked.Count > 0 && Interlocked.Exchange(ref _isAsking, 1) == 0) _ = AskAsync(asked);
    }

    public void Dispose()
    {
        _fleet.Changed -= OnChanged;
        _fleet.WaiterRegistered -= OnWaiterRegistered;
    }

    /// <summary>Another node's claim takes the place of this one, where the asker gains by waiting for it.</summary>
    private async ValueTask<ClaimAnswer?> YieldAsync(Claim claim, ClaimPlan plan, ChunkKey key, FleetTake take)
    {
        int pending;
        lock (_state.Gate)
        {
            if (claim.HasEnded || claim.Owner is not { } asker) return null;
            var isNew = !_others.TryGetValue(key, out var known) || known.HasEnded;
            if (isNew && !TryAdd(plan, key, take)) return null;
            _state.Claims.Find(asker, plan.Slots[0].Parent, asker.AnsweredTokens, out pending);
            if (pending <= asker.AnsweredTokens)
            {
                if (isNew) End(key);
                return null;
            }

            _state.Claims.End(claim, null);
            _pending.Find(asker, plan.Slots[0].Parent);
        }

        if (!await _calls.RegisterWaiterAsync(key)) OnChanged(key);
        return new ClaimAnswer(ClaimOutcome.Pending, PendingTokens: pending);
    }

    /// <summary>Known under its first position alone: when that is there, who waits asks for the next.</summary>
    private bool TryAdd(ClaimPlan plan, ChunkKey key, FleetTake take)
    {
        if (FleetTokens.TryDecode(take.Tokens.Span) is not { } tokens) return false;
        var origin = plan.FirstPosition * plan.Tree.Layout.ChunkTokens;
        var other = new Claim(
            null, plan.Tree, tokens, origin, origin, origin + tokens.Count, plan.FirstPosition, [plan.Slots[0]]);
        if (!_state.Claims.TryAdd(other)) return false;
        _others[key] = other;
        return true;
    }

    /// <summary>Who waited for it finds in Redis what it came to.</summary>
    private void End(ChunkKey key)
    {
        if (!_others.Remove(key, out var other)) return;
        foreach (var waiter in other.Waiters) RedisTier.Forget(waiter);
        _state.Claims.End(other, null);
    }

    private void OnChanged(ChunkKey key)
    {
        lock (_state.Gate) End(key);
    }

    private void OnWaiterRegistered(ChunkKey key)
    {
        lock (_state.Gate)
        {
            // Of claims that are out, and of those that have ended a moment ago.
            _holds.RemoveAll(hold => hold.IsOver);
            foreach (var hold in _holds)
                if (hold.Holds(key)) hold.Awaited();
        }
    }

    private async Task AskAsync(List<ChunkKey> keys)
    {
        foreach (var key in keys)
            if (!await _calls.RegisterWaiterAsync(key)) OnChanged(key);
        Volatile.Write(ref _isAsking, 0);
    }
}
