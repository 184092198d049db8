using PrefixCache.Core.Index;
using PrefixCache.Core.Planning;
using PrefixCache.Core.Replay.Recording;
using PrefixCache.Core.Results;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Sharing;
using PrefixCache.Core.Statistics;
using PrefixCache.Core.Tiers.Gpu;
using PrefixCache.Core.Tokens;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Core.Reservations;

/// <summary>Lookup and Release: how a reservation begins and ends. Thread-safe.</summary>
public sealed class LookupService
{
    private readonly NodeState _state;
    private readonly PendingFinder _pending;

    /// <summary>Tokens of requests that are being read.</summary>
    private long _incomingTokens;

    internal LookupService(NodeState state) => (_state, _pending) = (state, new PendingFinder(state));

    /// <summary>Notes every lookup that is answered; null = nobody does. Set before the first one.</summary>
    public LookupRecorder? Recorder { get; set; }

    /// <summary>Matches the tokens, takes leases on the hit. Idempotent per (instance, request id).</summary>
    /// <param name="tokens">The service takes this reference over, also when it fails.</param>
    public Result<LookupAnswer> Lookup(in LookupQuery query, TokenBuffer tokens)
    {
        var whole = query;
        return Complete(ref whole, tokens).Succeeded(out var all, out var fault) ? Ask(whole, all) : fault;
    }

    /// <summary>Puts the parent's tokens, where one is named, before those that came; the query names none then.</summary>
    /// <param name="tokens">Taken over; the result is the caller's.</param>
    internal Result<TokenBuffer> Complete(ref LookupQuery query, TokenBuffer tokens)
    {
        if (query.Parent == 0) return tokens;
        using (tokens)
        {
            if (!ParentTokens.Join(_state, query, tokens, out var inherited).Succeeded(out var whole, out var fault)) return fault;
            query = query with { Parent = 0, StoreLimit = query.StoreLimit ?? inherited };
            return whole;
        }
    }

    /// <summary>Looks a complete sequence up.</summary>
    /// <param name="tokens">The service takes this reference over, also when it fails.</param>
    internal Result<LookupAnswer> Ask(in LookupQuery query, TokenBuffer tokens)
    {
        if ((LookupCheck.Of(query, tokens) ?? _state.Limits.CheckTokens(tokens.Count)) is { } error)
        {
            tokens.Dispose();
            return error;
        }

        using var noted = Recorder is null ? null : tokens.Retain();
        Result<LookupAnswer> answer;
        lock (_state.Gate) answer = LookupUnsynchronized(query, tokens);
        if (!answer.Succeeded(out var found, out _))
        {
            tokens.Dispose();
            return answer;
        }

        // An answer that is not given yet is neither noted nor decided on.
        if (!found.IsFinal) return answer;
        if (noted is not null) Recorder!.Record(query, noted, found);
        return found with { Plan = Plan(query, found) };
    }

    /// <summary>Ends a new reservation whose answer did not arrive; one that another lookup was answered with stays.</summary>
    public void Withdraw(Session session, ulong reservationId)
    {
        lock (_state.Gate)
        {
            if (_state.Reservations.Find(session, reservationId).Succeeded(out var reservation, out _) && reservation.Lookups == 1)
                _state.Reservations.End(reservation);
        }
    }

    /// <summary>A lookup waits no longer: ends a reservation that no lookup was or will be answered with.</summary>
    internal void GiveUp(Session session, ulong reservationId)
    {
        lock (_state.Gate)
        {
            if (!_state.Reservations.Find(session, reservationId).Succeeded(out var reservation, out _)) return;
            if (--reservation.WaitingLookups == 0 && reservation.Lookups == 0) _state.Reservations.End(reservation);
        }
    }

    /// <summary>
    /// Room for tokens that are about to be read, until it is disposed. Requests that never end must not take memory without limit.
    /// </summary>
    public Result<IncomingTokens> Expect(int count)
    {
        if (_state.Limits.CheckTokens(count) is { } error) return error;
        if (Interlocked.Add(ref _incomingTokens, count) <= _state.Limits.MaxReservedTokens) return new IncomingTokens(this, count);
        Interlocked.Add(ref _incomingTokens, -count);
        return CacheError.ResourceExhausted(
            $"Requests that are still coming in announce {_state.Limits.MaxReservedTokens} tokens, the limit: send fewer, or raise max-reserved-tokens.");
    }

    /// <summary>Says that a rank, or the whole instance, is done with loading or with everything.</summary>
    /// <param name="load">What loading cost; null = nothing was loaded.</param>
    /// <param name="compute">What computing cost; null = nothing was computed.</param>
    /// <param name="others">What loading parts by other planes cost; null = none were.</param>
    public Result<ReleaseAnswer> Release(Session session, ulong reservationId, ReleaseScope scope, LoadReport? load, ComputeReport? compute,
        IReadOnlyList<LoadReport>? others = null)
    {
        KvLayout layout;
        ModelUsage usage;
        ReleaseAnswer answer;
        lock (_state.Gate)
        {
            if (!_state.Reservations.Find(session, reservationId).Succeeded(out var reservation, out var error)) return error;
            (layout, usage) = (reservation.Tree.Layout, UsageOf(reservation.Tree));
            if (load is { } whole) _state.Counters.Loaded(whole);
            foreach (var other in others ?? []) _state.Counters.Loaded(other);
            if (compute is { } computed) _state.Counters.Computed(computed);
            var held = reservation.HeldFor(session);
            var all = session.Role == SessionRole.Scheduler
                || (scope == ReleaseScope.Done ? reservation.RankDone(session.Rank) : reservation.RankLoaded(session.Rank));
            if (all && scope == ReleaseScope.Done) _state.Reservations.End(reservation);
            else if (all) ReservationTable.ReleaseLeases(reservation);
            answer = new ReleaseAnswer(held, Ended: all && scope == ReleaseScope.Done);
        }

        // The planner has a lock of its own, and the node's is the innermost.
        var loaded = 0;
        foreach (var report in load is { } first ? [first, .. others ?? []] : others ?? [])
        {
            _state.Planner.Loaded(layout, report);
            usage.Loaded(report);
            if (!report.Failed) loaded += report.Tokens;
        }

        // Ranks load the same tokens side by side: one of them saves the time.
        if (loaded > 0 && (session.Role == SessionRole.Scheduler || session.Rank == layout.Ranks.Min()))
            usage.Saved(_state.Planner.PrefillTime(layout, loaded));
        if (compute is not { } prefill) return answer;
        _state.Planner.Computed(layout, prefill);
        usage.Computed(prefill);
        return answer;
    }

    internal void Arrived(int count) => Interlocked.Add(ref _incomingTokens, -count);

    /// <summary>What of the hit to load. Without the node's lock.</summary>
    private LoadPlan Plan(in LookupQuery query, in LookupAnswer answer) =>
        _state.Planner.Decide(query.Question(answer.HitTokens) with { GpuTokens = answer.GpuTokens }) with { Redis = answer.Redis };

    private Result<LookupAnswer> LookupUnsynchronized(in LookupQuery query, TokenBuffer tokens)
    {
        if (!_state.Sessions.ContainsKey(query.Session.Id)) return CacheError.NotFound($"The session has ended: open one.");
        var tree = _state.Namespaces.GetOrAdd(
            new NamespaceKey(query.Session.Instance.Tenant, query.Salt, query.Adapter, query.Layout.Id), query.Layout);
        var asked = tokens.Count;
        if (!Reserve(query, tree, tokens).Succeeded(out var reservation, out var error))
        {
            _state.Namespaces.RemoveIfUnused(tree);
            return error;
        }

        reservation.StoreLimit = query.StoreLimit ?? reservation.StoreLimit;
        (reservation.AskedTokens, reservation.AlignTokens) = (asked, Math.Max(query.AlignTokens, 1));
        Match(reservation, reservation.AlignTokens);
        // A repeated lookup may name fewer tokens than were appended since; its caller has room for those that it named.
        var hit = Math.Min(reservation.PathTokens, asked);
        reservation.HitTokens = reservation.AnsweredTokens = hit / reservation.AlignTokens * reservation.AlignTokens;
        var pending = Math.Min(_pending.Find(reservation), asked) / reservation.AlignTokens * reservation.AlignTokens;
        if (query.Resumes != 0) reservation.WaitingLookups--;
        if (query is { AsksTiers: true, Resumes: 0 } && _state.Planner.Loads(query.LoadMode)
            && _state.Gpu?.TryReturn(reservation) is { } back)
        {
            pending = Math.Max(pending, back.EndTokens);
            return Later(reservation, pending) with { Searching = back.Done, SearchBudget = GpuTier.ReturnBudget };
        }

        if (query.AsksTiers && _state.Redis?.TrySearch(reservation, query) is { } search)
        {
            var budget = _state.Redis.Options.LookupBudget;
            return Later(reservation, pending) with { Searching = search.Found, SearchBudget = budget, IsRedisAsked = true };
        }

        if (query.Waits && pending > reservation.HitTokens) return Later(reservation, pending);
        var misses = MissFinder.Find(_state, reservation, pending);
        reservation.Answered(query.Session);
        var isNew = reservation.Lookups++ == 0;
        var answer = new LookupAnswer(reservation.Id, reservation.Tokens.Count, reservation.HitTokens, query.Layout.ChunkTokens, isNew)
        {
            PendingTokens = Math.Max(pending, reservation.HitTokens),
            Misses = misses,
            Redis = reservation.Search?.Decision ?? default,
            PendingTier = reservation.Return is { IsPending: true } ? CacheTier.Gpu
                : reservation.Search is { IsPending: true } ? CacheTier.Redis
                : CacheTier.None,
            Located = Locate(reservation, query.Session, query.LocateShards),
        };
        Count(reservation, answer, asked);
        return answer;
    }

    private static IReadOnlyList<LocatedShard> Locate(Reservation reservation, Session session, IReadOnlyList<int> shards) =>
        shards.Count == 0 || session.Process is null || reservation.HitTokens == 0 ? [] : [.. shards.Select(shard => reservation.Locate(session, shard))];

    /// <summary>No answer yet.</summary>
    private static LookupAnswer Later(Reservation reservation, int pending)
    {
        reservation.WaitingLookups++;
        return new LookupAnswer(reservation.Id, reservation.Tokens.Count, reservation.HitTokens, reservation.Tree.Layout.ChunkTokens)
        {
            PendingTokens = pending,
            Changed = reservation.Changed.Next,
        };
    }

    /// <summary>The request's reservation: the one it has, with the longer of both token lists, or a new one.</summary>
    private Result<Reservation> Reserve(in LookupQuery query, NamespaceTree tree, TokenBuffer tokens)
    {
        var table = _state.Reservations;
        var isKnown = query.Session.Instance.Reservations.TryGetValue(query.RequestId, out var reservation);
        if (query.Resumes != 0 && reservation?.Id != query.Resumes)
            return CacheError.NotFound($"The reservation ended while this lookup waited: look the request up again.");
        if (!isKnown || reservation is null)
            return table.Add(query.Session, query.RequestId, tree, tokens);

        var common = Math.Min(tokens.Count, reservation.Tokens.Count);
        if (reservation.Tree.Key != tree.Key || !tokens.BeginsLike(reservation.Tokens, common))
        {
            return CacheError.AlreadyExists(
                $"request_id '{query.RequestId}' is in use for other tokens or another namespace: release it, or use a new id.");
        }

        if (tokens.Count > reservation.Tokens.Count)
        {
            if (table.CheckTokens(tokens.Count - reservation.Tokens.Count) is { } error) return error;
            table.ReplaceTokens(reservation, tokens);
        }
        else
        {
            tokens.Dispose();
        }

        if (reservation.Tree != tree) ReservationTable.Rehome(reservation, tree);
        reservation.LastUsed = _state.Time.GetTimestamp();
        return reservation;
    }

    /// <summary>Walks on from what is leased already and leases what more is found.</summary>
    private void Match(Reservation reservation, int align)
    {
        var (tree, path, tail) = (reservation.Tree, reservation.Path, reservation.TailTokens);
        var oldTail = tail > 0 ? path[^1] : null;
        if (oldTail is not null) path.RemoveAt(path.Count - 1);
        var leased = path.Count;
        var nearest = tree.Walk(path, reservation.Tokens);
        for (var i = leased; i < path.Count; i++) tree.Store.Lease(path[i]);

        // What served the hit's end stays it until something longer is there.
        var isGrown = path.Count > leased;
        var rule = new MatchRule(_state.MinPartialTokens, align);
        var newTail = PrefixMatch.Tail(tree, path, reservation.Tokens, nearest, rule, isGrown ? 0 : tail, out var tokens);
        if (newTail is not null && newTail != oldTail) tree.Store.Lease(newTail);
        if (isGrown || (newTail is not null && newTail != oldTail)) reservation.RestartLoading();
        if (newTail is null && !isGrown) (newTail, tokens) = (oldTail, tail);
        if (oldTail is not null && newTail != oldTail) EndLease(reservation, oldTail);
        if (newTail is not null) path.Add(newTail);
        reservation.TailTokens = tokens;

        // An engine that asks again and again for one request uses its prefix once.
        if (isGrown || !reservation.IsUsed) PrefixMatch.Use(tree, path, tokens, _state.MinPartialTokens);
        reservation.IsUsed = true;
    }

    /// <summary>Adds a lookup to the counters.</summary>
    private void Count(Reservation reservation, in LookupAnswer answer, int asked)
    {
        var (tree, hit, misses) = (reservation.Tree, reservation.HitTokens, answer.Misses);
        var usage = UsageOf(tree);
        _state.Counters.LookedUp(asked, hit);
        usage.LookedUp(asked, hit, answer.TokensOnGpu, reservation.Search?.TokensBrought(hit) ?? 0);
        var chunkTokens = tree.Layout.ChunkTokens;
        for (var i = 0; i < misses.Count; i++)
        {
            // The reservation may have more tokens than were asked for.
            var first = Math.Max(misses[i].Position * chunkTokens, hit);
            var end = i + 1 < misses.Count ? Math.Min(misses[i + 1].Position * chunkTokens, asked) : asked;
            if (end <= first) continue;
            _state.Counters.Missed(misses[i].Reason, end - first);
            usage.Missed(misses[i].Reason, end - first);
        }
    }

    private ModelUsage UsageOf(NamespaceTree tree) => tree.Usage ??= _state.Usage.Of(tree.Key.Tenant, tree.Layout.Model);

    private static void EndLease(Reservation reservation, ChunkNode node)
    {
        reservation.LeasesEnded();
        reservation.Tree.Store.Unlease(node);
    }
}
