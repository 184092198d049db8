using PrefixCache.Core.Claims;
using PrefixCache.Core.Index;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Tiers.Redis.Resp;
using PrefixCache.Core.Tokens;
using PrefixCache.Core.Transfers;
using PrefixCache.Format.Keys;

namespace PrefixCache.Core.Tiers.Redis;

/// <summary>The tier that nodes share: what one has computed, all can load.</summary>
/// <remarks>
/// Owns its connections and its queues. Nothing in it fails a request: where Redis does not answer, it has nothing. Lock order: the node's
/// lock is never held while Redis is asked.
/// </remarks>
internal sealed class RedisTier : IAsyncDisposable
{
    private readonly NodeState _state;
    private readonly RedisEpochs _epochs;
    private readonly long _started;

    /// <summary>When Redis was away last, in seconds since the start: it may have come back empty.</summary>
    private int _returned;
    private int _wasThere;

    public RedisTier(NodeState state, RedisOptions options)
    {
        _state = state;
        _started = state.Time.GetTimestamp();
        Options = options;
        Topology = new RedisTopology(options, state.Time);
        Events = new RedisEvents(options, Topology, state.Time);
        _epochs = new RedisEpochs(options, Topology, Events, KnownEpochs, Learn);
        Health = new RedisHealth(options, Topology, state.Time, ReturnAsync, _epochs.KeepUpAsync);
        Chunks = new RedisChunks(options, Topology);
        Finder = new RedisFinder(Chunks, options, state.MinPartialTokens, Background);
        Loader = new RedisLoader(state, this);
        Writer = new RedisWriter(state, this);
        Claims = new RedisFleetClaims(this);
        foreach (var domain in state.Domains.All) domain.Store.Redis = Writer;
        Events.Heard += Hear;
        Events.Resubscribed += () => Background(_epochs.SynchronizeAsync());
        state.Namespaces.Epochs.Raised = (name, epoch) =>
        {
            _epochs.Add(name, epoch);
            Background(Task.Run(_epochs.KeepUpAsync));
        };
    }

    /// <summary>An exception that is a fault of this program.</summary>
    public event Action<Exception>? Faulted;

    /// <summary>Other nodes have cleared something: what this one has of it is to go.</summary>
    public event Action? Cleared;

    public RedisOptions Options { get; }

    public RedisTopology Topology { get; }

    public RedisHealth Health { get; }

    /// <summary>What nodes tell one another.</summary>
    public RedisEvents Events { get; }

    public RedisChunks Chunks { get; }

    public RedisFinder Finder { get; }

    public RedisLoader Loader { get; }

    public RedisWriter Writer { get; }

    public RedisFleetClaims Claims { get; }

    public RedisCounters Counters { get; } = new();

    /// <summary>In seconds since the start.</summary>
    private int Now => (int)_state.Time.GetElapsedTime(_started).TotalSeconds;

    /// <summary>A chunk that is in Redis now is taken to be for so long, in seconds.</summary>
    private int KnownSeconds => Math.Max((int)Math.Min(Options.TimeToLive.TotalSeconds / 2, int.MaxValue / 4), 1);

    /// <summary>For <see cref="ChunkNode.RedisUntil"/> of a chunk that is in Redis now.</summary>
    public int KnownUntil() => Now + KnownSeconds;

    /// <summary>A chunk is taken to be in Redis: it was not long ago, and Redis was not away since.</summary>
    public bool IsKnown(ChunkNode node) =>
        node.RedisUntil > Now && node.RedisUntil - KnownSeconds >= Volatile.Read(ref _returned);

    public void Start()
    {
        Health.Start();
        Events.Start();
    }

    /// <summary>Asks Redis for what the host tier lacks of a request, unless that was done. Called under the node's lock.</summary>
    /// <param name="query">What the request asks for.</param>
    /// <returns>Null where nothing is to be asked.</returns>
    public RedisSearch? TrySearch(Reservation reservation, in LookupQuery query)
    {
        var (tree, tokens) = (reservation.Tree, reservation.Tokens);
        reservation.LeavesRedisAlone = !_state.Planner.Loads(query.LoadMode);
        if (reservation.Search?.IsFor(tree, tokens.Count) == true || reservation.PathTokens >= tokens.Count || !Health.IsReadable
            || reservation.LeavesRedisAlone) return null;
        Forget(reservation);
        var question = query.Question(reservation.HitTokens);
        var search = new RedisSearch(tree, tokens.Count, question) { Progress = reservation.Changed.Pulse };
        reservation.Search = search;
        var first = reservation.WholeChunks;
        Begin(search, tokens, first, first == 0 ? null : reservation.Path[first - 1], reservation.PathTokens);
        return search;
    }

    /// <summary>Begins to load what Redis has behind a chunk. Called under the node's lock.</summary>
    /// <param name="first">Position to begin with.</param>
    /// <param name="parent">The chunk before; null = none.</param>
    /// <param name="served">Leading tokens that the host tier has.</param>
    public void Begin(RedisSearch search, TokenBuffer tokens, int first, ChunkNode? parent, int served)
    {
        tokens.Retain();
        _ = Task.Run(() => SearchAsync(search, tokens, first, parent, served));
    }

    /// <summary>What Redis was asked for a request is wanted no more; a lookup asks anew. Called under the node's lock.</summary>
    public static void Forget(Reservation reservation)
    {
        if (reservation.Search is { } search) search.IsOver = true;
        reservation.Search = null;
    }

    /// <summary>
    /// Leading tokens of a prompt that Redis has now, where they are more than the host tier's; nothing is loaded. 0 where it does not say so
    /// within the budget of a lookup.
    /// </summary>
    public async Task<int> ReachAsync(ClaimPlan plan)
    {
        if (!Health.IsReadable) return 0;
        var found = FindReachAsync(plan);
        await ((Task)found).WaitAsync(Options.LookupBudget, _state.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return found.IsCompletedSuccessfully ? found.Result : 0;
    }

    /// <summary>What the host tier lacks of a request may be in Redis: it did not say, or could not be asked.</summary>
    public bool IsUnanswered(Reservation reservation) => reservation.Search?.IsUnanswered ?? !Health.IsReadable;

    /// <summary>A lookup waits no longer for the answer.</summary>
    public void Late()
    {
        Counters.Late();
        Health.Answered(false);
    }

    /// <summary>A call failed.</summary>
    public void Failed(RedisException exception)
    {
        Counters.Failed();
        Health.Failed(exception);
    }

    public void Report(Exception exception) => Faulted?.Invoke(exception);

    /// <summary>Lets something go on that nobody waits for.</summary>
    public void Background(Task task) => _ = WatchAsync(task);

    public async ValueTask DisposeAsync()
    {
        // Whoever waits for a server learns at once that it is over.
        Health.Stop();
        Topology.Dispose();
        await Health.DisposeAsync();
        await Events.DisposeAsync();
        await Loader.DisposeAsync();
        await Writer.DisposeAsync();
    }

    private async Task SearchAsync(RedisSearch search, TokenBuffer tokens, int first, ChunkNode? parent, int served)
    {
        using var kept = tokens;
        FoundChunk[] all = [];
        try
        {
            var (layout, before) = (search.Tree.Layout, parent?.Key ?? search.Tree.Root);
            var chain = Chain(search.Tree, tokens, before, first);
            var began = _state.Time.GetTimestamp();
            using var found = await Finder.FindAsync(layout, tokens, chain, first, before, served);
            var elapsed = _state.Time.GetElapsedTime(began);
            Counters.LookedUp(elapsed);
            Health.Succeeded();
            if (elapsed < Options.LookupBudget) Health.Answered(true);
            all = [.. found.Chunks];
            var decision = search.Question is { } question ? _state.Planner.ExpectRedis(question, found.EndTokens) : default;
            // The host tier's part may end within a chunk: what is not worth loading is left out from that chunk on.
            if (search.Question is not null) found.Cut(decision.Load ? decision.LoadEnd : 0, search.Tree.Layout.ChunkTokens);
            lock (_state.Gate)
            {
                (search.IsUnanswered, search.Decision) = (false, decision);
                // Its reservation kept the chunk before in place, if it has not ended.
                if (_state.IsDisposed || search.IsOver || search.Tree.IsDetached || parent is { IsDetached: true } or { IsGhost: true }) return;
                Loader.Add(search, found, parent);
            }
        }
        catch (RedisException exception)
        {
            Failed(exception);
        }
        catch (Exception exception)
        {
            Report(exception);
        }
        finally
        {
            search.Answered();
            if (all.Length > 0) Background(Task.Run(() => Finder.TouchAsync(all)));
        }
    }

    private async Task<int> FindReachAsync(ClaimPlan plan)
    {
        try
        {
            var chain = Chain(plan.Tree, plan.Tokens, plan.Slots[0].Parent, plan.FirstPosition);
            using var found = await Finder.FindAsync(
                plan.Tree.Layout, plan.Tokens, chain, plan.FirstPosition, plan.Slots[0].Parent, plan.First);
            return found.EndTokens;
        }
        catch (RedisException exception)
        {
            Failed(exception);
            return 0;
        }
        catch (Exception exception)
        {
            Report(exception);
            return 0;
        }
    }

    private ChunkChain Chain(NamespaceTree tree, TokenBuffer tokens, in ChunkKey parent, int first)
    {
        var chain = RedisFinder.Chain(tree.Layout, tokens, parent, first);
        _state.Counters.Hashed(chain.HashedTokens);
        return chain;
    }

    private Task ReturnAsync()
    {
        // What was written within this second is asked for once more; at the start there is nothing to forget.
        if (Interlocked.Exchange(ref _wasThere, 1) != 0) Volatile.Write(ref _returned, Now + 1);
        return _epochs.SynchronizeAsync();
    }

    private void Hear(string kind, string text)
    {
        if (kind == RedisEpochs.Word) _epochs.Hear(text);
        else Claims.Hear(kind, text);
    }

    private IReadOnlyList<(string Name, ulong Epoch)> KnownEpochs()
    {
        lock (_state.Gate) return _state.Namespaces.Epochs.All();
    }

    private void Learn(IReadOnlyList<(string Name, ulong Epoch)> epochs)
    {
        var isNew = false;
        lock (_state.Gate)
        {
            foreach (var (name, epoch) in epochs) isNew |= _state.Namespaces.Epochs.Learn(name, epoch);
        }

        if (isNew) Cleared?.Invoke();
    }

    private async Task WatchAsync(Task task)
    {
        try
        {
            await task;
        }
        catch (RedisException exception)
        {
            Failed(exception);
        }
        catch (Exception exception)
        {
            Report(exception);
        }
    }
}
