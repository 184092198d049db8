using PrefixCache.Core.Index;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Results;
using PrefixCache.Core.Sessions;

namespace PrefixCache.Core.Claims;

/// <summary>Gives out the sole right to compute what a request lacks. Thread-safe; never waits for another request.</summary>
public sealed class ClaimService : IDisposable
{
    /// <summary>How soon a claim that timed out is noticed, and how often other nodes are asked where they tell nothing.</summary>
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);

    private readonly NodeState _state;
    private readonly TimeSpan _timeout;
    private readonly PendingFinder _pending;
    private readonly ClaimFleet? _fleet;
    private readonly ITimer _timer;

    internal ClaimService(NodeState state, TimeSpan timeout, IFleetClaims? fleet = null)
    {
        (_state, _timeout, _pending) = (state, timeout, new PendingFinder(state));
        _fleet = fleet is null ? null : new ClaimFleet(state, fleet, timeout);
        _timer = state.Time.CreateTimer(_ => Tick(), null, Period, Period);
    }

    /// <summary>Asks for the right to compute what the reservation lacks; by who has it: says that the work goes on.</summary>
    /// <param name="letGo">Gives it up instead.</param>
    public async ValueTask<Result<ClaimAnswer>> ClaimAsync(Session session, ulong reservationId, bool letGo = false)
    {
        ClaimPlan plan;
        lock (_state.Gate)
        {
            if (!Find(session, reservationId).Succeeded(out var reservation, out var error)) return error;
            if (letGo) return LetGo(reservation);
            if (Settle(reservation) is { } settled) return settled;

            // It would hold others up and never store what they wait for.
            if (session.IsReadOnly) return new ClaimAnswer(ClaimOutcome.Nothing);
            plan = new ClaimPlan(reservation, reservation.AnsweredTokens, End(reservation));
        }

        using (plan)
        {
            _state.Counters.Hashed(plan.ComputeSlots());
            Claim claim;
            lock (_state.Gate)
            {
                if (!Find(session, reservationId).Succeeded(out var reservation, out var error)) return error;
                if (Take(reservation, plan, out claim!) is { } settled) return settled;
            }

            if (_fleet is not null && await _fleet.TakeAsync(claim, plan) is { } pending) return pending;
            lock (_state.Gate)
            {
                _state.Counters.ClaimGranted();
                return Granted(claim);
            }
        }
    }

    /// <summary>Requests of other nodes wait for what a reservation computes.</summary>
    internal bool IsAwaitedElsewhere(Session session, ulong reservationId)
    {
        lock (_state.Gate)
        {
            return _state.Reservations.Find(session, reservationId).Succeeded(out var found, out _)
                && found.Claim is { IsAwaitedElsewhere: true };
        }
    }

    /// <summary>Ends claims whose owners are silent; called by a timer.</summary>
    public int EndSilent()
    {
        lock (_state.Gate) return _state.Claims.IsEmpty || _state.IsDisposed ? 0 : _state.Claims.EndSilent(_timeout);
    }

    public void Dispose()
    {
        _timer.Dispose();
        _fleet?.Dispose();
    }

    private static int End(Reservation reservation) => Math.Min(reservation.Tokens.Count, reservation.StoreLimit);

    private ClaimAnswer Granted(Claim claim) =>
        new(ClaimOutcome.Granted, claim.FirstLeft, claim.End, 0, _timeout, NodeOnly: claim.Fleet is null);

    private static ClaimAnswer Pending(int tokens) => new(ClaimOutcome.Pending, PendingTokens: tokens);

    private Result<Reservation> Find(Session session, ulong reservationId)
    {
        if (!_state.Sessions.ContainsKey(session.Id)) return CacheError.NotFound($"The session has ended: open one.");
        return session.Role == SessionRole.Scheduler
            ? _state.Reservations.Find(session, reservationId)
            : CacheError.InvalidArgument($"This is the session of rank {session.Rank}: only the instance's scheduler claims.");
    }

    private ClaimAnswer LetGo(Reservation reservation)
    {
        if (reservation.Claim is { } claim) _state.Claims.End(claim, ClaimEnd.LetGo);
        return new ClaimAnswer(ClaimOutcome.Nothing);
    }

    /// <summary>What can be said without a new claim; null = one is needed.</summary>
    private ClaimAnswer? Settle(Reservation reservation)
    {
        if (reservation.Claim is { } own)
        {
            _state.Claims.Progress(reservation);
            return Granted(own);
        }

        // A namespace that was cleared meanwhile: the next lookup finds its new tree.
        if (reservation.Tree.IsDetached || Reach(reservation) > reservation.AnsweredTokens) return new ClaimAnswer(ClaimOutcome.Hit);
        if (reservation.AnsweredTokens >= End(reservation)) return new ClaimAnswer(ClaimOutcome.Nothing);
        var pending = _pending.Find(reservation);
        return pending > reservation.AnsweredTokens ? Pending(pending) : null;
    }

    /// <summary>What the next lookup of the same tokens would answer.</summary>
    private int Reach(Reservation reservation)
    {
        var align = reservation.AlignTokens;
        var rule = new MatchRule(_state.MinPartialTokens, align);
        var whole = reservation.Path.Take(reservation.WholeChunks);
        return Math.Min(PrefixMatch.Reach(reservation.Tree, whole, reservation.Tokens, rule), reservation.AskedTokens) / align * align;
    }

    /// <summary>Registers the planned claim, unless something came in between.</summary>
    /// <param name="claim">Set where there is no answer yet.</param>
    private ClaimAnswer? Take(Reservation reservation, ClaimPlan plan, out Claim? claim)
    {
        claim = null;
        if (Settle(reservation) is { } settled) return settled;
        if (reservation.Tree != plan.Tree || reservation.AnsweredTokens != plan.First) return new ClaimAnswer(ClaimOutcome.Hit);
        var pending = _pending.Find(reservation, plan.Slots[0].Parent);
        if (pending > plan.First) return Pending(pending);
        claim = plan.ToClaim(reservation);
        if (_state.Claims.TryAdd(claim)) return null;
        return new ClaimAnswer(ClaimOutcome.Granted, plan.First, plan.End, 0, _timeout, NodeOnly: true);
    }

    private void Tick()
    {
        EndSilent();
        _fleet?.Tick();
    }
}
