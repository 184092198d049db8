using PrefixCache.Core.Claims;
using PrefixCache.Core.Index;
using PrefixCache.Core.Results;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Tiers.Redis;
using PrefixCache.Core.Tokens;

namespace PrefixCache.Core.Reservations;

/// <summary>The reservations that are out. Every method is called under the node's lock.</summary>
internal sealed class ReservationTable(NodeState state)
{
    private readonly Dictionary<ulong, Reservation> _byId = [];
    private readonly IdSource _ids = new();

    public int Count => _byId.Count;

    /// <summary>Tokens of all reservations.</summary>
    public long Tokens { get; private set; }

    /// <summary>A reservation of the session's own instance.</summary>
    public Result<Reservation> Find(Session session, ulong id)
    {
        if (state.IsDisposed) return CacheError.FailedPrecondition($"The node has stopped.");
        if (!_byId.TryGetValue(id, out var reservation) || reservation.Instance != session.Instance)
            return CacheError.NotFound($"Reservation {id} is unknown or has ended: look the request up again.");
        reservation.LastUsed = state.Time.GetTimestamp();
        return reservation;
    }

    /// <summary>Takes over the caller's reference to the tokens when it succeeds.</summary>
    public Result<Reservation> Add(Session owner, string requestId, NamespaceTree tree, TokenBuffer tokens)
    {
        if (_byId.Count >= state.Limits.MaxReservations)
            return CacheError.ResourceExhausted($"{_byId.Count} reservations are out, the limit: release those that are done with.");
        if (CheckTokens(tokens.Count) is { } error) return error;
        if (state.IsDisposed) return CacheError.FailedPrecondition($"The node has stopped.");
        var reservation = new Reservation(NextId(), owner, requestId, tree, tokens) { LastUsed = state.Time.GetTimestamp() };
        _byId.Add(reservation.Id, reservation);
        owner.Instance.Reservations.Add(requestId, reservation);
        tree.Reservations++;
        Tokens += tokens.Count;
        return reservation;
    }

    /// <summary>Null when that many more tokens may be held.</summary>
    public CacheError? CheckTokens(int more) => Tokens + more <= state.Limits.MaxReservedTokens
        ? null
        : CacheError.ResourceExhausted(
            $"All reservations together hold {Tokens} tokens, the limit is {state.Limits.MaxReservedTokens}: release some.");

    /// <summary>Takes over the caller's reference to the new tokens and lets the old ones go.</summary>
    public void ReplaceTokens(Reservation reservation, TokenBuffer tokens)
    {
        Tokens += tokens.Count - reservation.Tokens.Count;
        reservation.Tokens.Dispose();
        reservation.Tokens = tokens;
    }

    /// <summary>Moves a reservation to the tree that its namespace has now, which it had to leave when the namespace was cleared.</summary>
    public static void Rehome(Reservation reservation, NamespaceTree tree)
    {
        ReleaseLeases(reservation);
        reservation.Tree.Reservations--;
        reservation.Tree = tree;
        tree.Reservations++;
    }

    public static void ReleaseLeases(Reservation reservation)
    {
        if (reservation.Path.Count > 0) reservation.LeasesEnded();
        reservation.ReleaseGpu();
        foreach (var node in reservation.Path) reservation.Tree.Store.Unlease(node);
        reservation.Path.Clear();
        reservation.TailTokens = 0;
        reservation.HitTokens = 0;
        reservation.RestartLoading();
    }

    /// <param name="how">Its claim, where it has one, ends with it.</param>
    public void End(Reservation reservation, ClaimEnd how = ClaimEnd.LetGo)
    {
        if (!_byId.Remove(reservation.Id)) return;
        state.Claims.EndOf(reservation, how);
        RedisTier.Forget(reservation);
        reservation.Instance.Reservations.Remove(reservation.RequestId);
        ReleaseLeases(reservation);
        Tokens -= reservation.Tokens.Count;
        reservation.Tokens.Dispose();
        reservation.Tree.Reservations--;
        state.Namespaces.RemoveIfUnused(reservation.Tree);
    }

    /// <summary>
    /// Random, for consecutive numbers would tell every tenant how much the others look up. Never 0, which names nothing.
    /// </summary>
    private ulong NextId()
    {
        ulong id;
        do id = _ids.Next();
        while (id == 0 || _byId.ContainsKey(id));
        return id;
    }

    /// <summary>The node stops.</summary>
    public void EndAll()
    {
        foreach (var reservation in _byId.Values.ToList()) End(reservation);
    }

    /// <summary>Ends what nobody used for the maximum age.</summary>
    /// <returns>How many.</returns>
    public int EndAged()
    {
        var aged = _byId.Values.Where(reservation => state.Time.GetElapsedTime(reservation.LastUsed) > state.Limits.MaxAge).ToList();
        foreach (var reservation in aged) End(reservation, ClaimEnd.TimedOut);
        return aged.Count;
    }
}
