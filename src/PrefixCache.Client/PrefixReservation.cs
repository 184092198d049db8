using PrefixCache.Client.Devices;
using PrefixCache.Client.Memory;
using PrefixCache.Client.Sessions;
using PrefixCache.Client.SharedMemory;
using PrefixCache.Client.Transfers;
using PrefixCache.Client.Wire;
using PrefixCache.Protocol;
using PrefixCache.Protocol.V1;
using KvLayout = PrefixCache.Format.Layouts.KvLayout;

namespace PrefixCache.Client;

/// <summary>What the node granted to one request: load its hit, store what was computed behind it, release it.</summary>
/// <remarks>
/// Disposing releases it, if <see cref="ReleaseAsync"/> did not. Where the node is gone, or the lookup failed, everything here does nothing
/// and says so in its result. One transfer per shard at a time.
/// </remarks>
public sealed class PrefixReservation : IAsyncDisposable
{
    private readonly PrefixCacheClient _client;
    private readonly NodeSession? _session;
    private readonly HitPlaces? _places;
    private readonly LoadLedger _loaded = new();
    private int _released;

    internal PrefixReservation(
        PrefixCacheClient client, NodeSession? session, KvLayout layout, ReservationTicket ticket, HitPlaces? places = null)
    {
        _places = places;
        _client = client;
        _session = session;
        Layout = layout;
        Ticket = ticket;
    }

    public KvLayout Layout { get; }

    /// <summary>For the rank processes of the engine.</summary>
    public ReservationTicket Ticket { get; private set; }

    /// <summary>
    /// Leading tokens whose KV can be retrieved; 0 = miss. May be all tokens: an engine that needs logits computes the last one again.
    /// </summary>
    public int HitTokens => Ticket.HitTokens;

    /// <summary>
    /// Leading tokens of the hit that are worth loading, as the node expects: where
    /// <see cref="RetrieveAsync(IKvMemory, TransferOptions?, CancellationToken)"/> ends when no end is named. Computing
    /// what is between this and <see cref="HitTokens"/> is faster; storing it sends nothing, for the node has it.
    /// </summary>
    public int LoadTokens => Ticket.LoadTokens;

    /// <summary>What <see cref="LoadTokens"/> was decided from: one per tier that has a part of the prompt; none in a rank
    /// process.</summary>
    public IReadOnlyList<LoadDecision> Decisions { get; internal init; } = [];

    public int TotalTokens => Ticket.TotalTokens;

    /// <summary>
    /// Leading tokens that will be a hit when what is pending has come, for others compute them; no less than <see cref="HitTokens"/>. Look
    /// up again with <see cref="LookupOptions.Wait"/>.
    /// </summary>
    public int PendingTokens { get; internal init; }

    /// <summary>The node was not asked, for the client has paused the cache: it cost more than it saved.</summary>
    public bool IsPaused { get; internal init; }

    /// <summary>What the request has cost so far.</summary>
    internal RequestCost Cost { get; set; }

    /// <summary>Why the hit ends where it does.</summary>
    public MissReason MissReason { get; internal init; }

    /// <summary>Leading tokens of which KV may be stored.</summary>
    internal int StoreLimit { get; init; } = int.MaxValue;

    /// <summary>What the reservation's tokens are; empty in a rank process.</summary>
    internal TokenTrail Trail { get; init; } = new();

    /// <summary>The node answered and knows this reservation; false = everything is a miss.</summary>
    public bool IsLive => _session is { IsLost: false };

    /// <summary>
    /// Says that this process begins to compute what is missing, or that it goes on, and asks for the sole right to it. Never waits for
    /// others. Scheduler only.
    /// </summary>
    /// <param name="letGo">Gives the right up instead; storing everything, releasing and ending the session do too.</param>
    public async ValueTask<ClaimResult> ClaimAsync(bool letGo = false, CancellationToken cancellationToken = default)
    {
        if (IsPaused) return new ClaimResult(ClaimOutcome.Unknown);
        var request = new ClaimRequest
        {
            Session = _session?.Id ?? Google.Protobuf.ByteString.Empty,
            Reservation = Ticket.Reservation,
            LetGo = letGo,
        };
        var answer = await _client.Calls.InvokeAsync("Claim", _session,
            static (state, channel, call) => channel.UnaryAsync(PrefixCacheMethods.Claim, state, call), request, cancellationToken);
        return answer is null
            ? new ClaimResult(ClaimOutcome.Unknown)
            : new ClaimResult(
                Enum.IsDefined(answer.Outcome) ? (ClaimOutcome)answer.Outcome : ClaimOutcome.Unknown, (int)answer.FirstToken,
                (int)answer.EndToken, (int)answer.PendingTokens, TimeSpan.FromMilliseconds(answer.TimeoutMs), answer.NodeOnly);
    }

    /// <summary>Loads the hit, or a part of it, of one shard into the caller's memory.</summary>
    /// <returns>What is in place: on a failure as much as had come whole, in chunk order.</returns>
    public ValueTask<RetrieveResult> RetrieveAsync(
        IKvMemory destination, TransferOptions? options = null, CancellationToken cancellationToken = default) =>
        RetrieveAsync(static (hit, destination, options, end, token) => hit.RetrieveAsync(destination, options, end, token), destination,
            options, cancellationToken);

    /// <summary>
    /// Loads the hit, or a part of it, of one shard into memory of <see cref="PrefixCacheClientOptions.Device"/>: what lies in the node's
    /// memory there is copied within the device, the rest out of the host's memory that this process maps, or as it comes in a stream.
    /// </summary>
    /// <returns>What is in place, for all streams of the device: on a failure as much as had come whole, in chunk order. No byte is written
    /// any more.</returns>
    /// <exception cref="InvalidOperationException">This client has no device.</exception>
    public ValueTask<RetrieveResult> RetrieveAsync(
        IDeviceKvMemory destination, TransferOptions? options = null, CancellationToken cancellationToken = default) =>
        RetrieveAsync(static (hit, destination, options, end, token) => hit.RetrieveAsync(destination, options, end, token), destination,
            options, cancellationToken);

    private async ValueTask<RetrieveResult> RetrieveAsync<TMemory>(
        Func<HitRetriever, TMemory, TransferOptions, int, CancellationToken, ValueTask<RetrieveResult>> retrieve,
        TMemory destination, TransferOptions? options, CancellationToken cancellationToken)
    {
        options ??= new TransferOptions();
        var end = options.EndToken == 0 ? LoadTokens : Math.Min(options.EndToken, HitTokens);
        if (options.FirstToken >= end) return new RetrieveResult(options.FirstToken, 0, 0, TimeSpan.Zero);
        var hit = new HitRetriever(_client, _session, Layout, Ticket, _places);
        var result = await retrieve(hit, destination, options, end, cancellationToken);
        Cost += new RequestCost(result.Elapsed.Ticks, _loaded.Add(result));
        return result;
    }

    /// <summary>
    /// Stores one shard of what the node does not have yet: every chunk from the one with <see cref="TransferOptions.FirstToken"/> on.
    /// </summary>
    public ValueTask<StoreSummary> StoreAsync(
        IKvMemory source, TransferOptions? options = null, CancellationToken cancellationToken = default) =>
        StoreAsync(new HostStoreSource(source), options, cancellationToken);

    /// <summary>
    /// Stores one shard out of memory of <see cref="PrefixCacheClientOptions.Device"/>: the device copies it into the node's memory where
    /// this process maps that, else into memory from where it is sent.
    /// </summary>
    /// <returns>Nothing of the caller's memory is read any more.</returns>
    /// <exception cref="InvalidOperationException">This client has no device.</exception>
    public async ValueTask<StoreSummary> StoreAsync(
        IDeviceKvMemory source, TransferOptions? options = null, CancellationToken cancellationToken = default)
    {
        var plane = _client.DemandDevice();
        if (plane.Failure is { } failure)
        {
            _client.Failed("Store", failure);
            return StoreSummary.Nothing;
        }

        using var copies = new DeviceStoreSource(plane, _session?.Device?.Host, source, Layout.ChunkTokens);
        return await StoreAsync(copies, options, cancellationToken);
    }

    private async ValueTask<StoreSummary> StoreAsync(IStoreSource source, TransferOptions? options, CancellationToken cancellationToken)
    {
        options ??= new TransferOptions();
        var end = Math.Min(options.EndToken == 0 ? TotalTokens : Math.Min(options.EndToken, TotalTokens), StoreLimit);
        var sender = new ChunkSender(Layout, options, end, source, _client.Options.TimeProvider);
        if (sender.IsEmpty || IsPaused) return StoreSummary.Nothing;
        if (_client.Options.ReadOnly)
        {
            if (_client.Options.Strict) throw new PrefixCacheException("Store: this client is read-only.");
            return StoreSummary.Nothing;
        }

        try
        {
            await _client.Calls.TransferAsync("Store", _session, static async (state, channel, call) =>
            {
                using var stream = channel.Duplex(PrefixCacheMethods.Store, call);
                await state.sender.SendAsync(state.session!, state.reservation, stream, call.CancellationToken);
                return state.sender;
            }, (sender, session: _session, reservation: Ticket.Reservation), cancellationToken);
        }
        finally
        {
            // The store was cut off, and this process writes there no more.
            if (sender.OpenGrant is { } grant)
            {
                GrantSettler.Add(grant.ArenaId, grant.Grant);
                await _client.SettleAsync();
            }
        }

        return sender.Summary;
    }

    /// <summary>Adds tokens, usually decoded ones, behind the request's, so that their KV can be stored. Scheduler only.</summary>
    /// <returns>Whether the node took them.</returns>
    public async ValueTask<bool> AppendAsync(ReadOnlyMemory<int> tokens, CancellationToken cancellationToken = default)
    {
        if (tokens.IsEmpty || IsPaused) return IsLive;
        var request = new AppendRequest
        {
            Session = _session?.Id ?? Google.Protobuf.ByteString.Empty,
            Reservation = Ticket.Reservation,
            Position = (uint)TotalTokens,
        };
        var response = await _client.Calls.InvokeAsync("Append", _session, static (state, channel, call) =>
            channel.UnaryAsync(PrefixCacheMethods.Append, state.request, new TokenMemory(state.tokens).Sequence, call), (request, tokens),
                cancellationToken);
        if (response is null) return false;
        Ticket = Ticket with { TotalTokens = (int)response.TotalTokens };
        Trail.Add(tokens.Span);
        return true;
    }

    /// <summary>Says that loading is over, so that the hit's blocks may go when every rank has said so; storing goes on.</summary>
    public ValueTask<bool> ReleaseHitAsync(UsageReport? report = null, CancellationToken cancellationToken = default) =>
        SendReleaseAsync(ReleaseRequest.Types.Scope.Loaded, report, cancellationToken);

    /// <summary>Ends this process's part; from the scheduler, the reservation. Once; later calls do nothing.</summary>
    /// <returns>Whether the leases held without a gap since the lookup.</returns>
    public async ValueTask<bool> ReleaseAsync(UsageReport? report = null, CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref _released, 1) != 0) return false;
        try
        {
            return await SendReleaseAsync(ReleaseRequest.Types.Scope.Done, report, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Whoever gave up waiting did not take the release back: disposing sends it.
            Volatile.Write(ref _released, 0);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (IsLive) await ReleaseAsync();
    }

    /// <summary>The node may know it in this session, and the prompt begins with its tokens and items and goes on.</summary>
    internal bool IsParentOf(ReadOnlySpan<int> tokens, IReadOnlyList<MultimodalItem> items, NodeSession? session) =>
        IsLive && _session == session && Volatile.Read(ref _released) == 0
        && Trail.Count < tokens.Length && Trail.IsPrefixOf(tokens, items);

    private async ValueTask<bool> SendReleaseAsync(
        ReleaseRequest.Types.Scope scope, UsageReport? report, CancellationToken cancellationToken)
    {
        if (Ticket.Reservation == 0) return false;
        if (report is { ComputedTokens: > 0 })
            Cost += new RequestCost(0, 0, report.ComputedTokens, report.ComputeTime.Ticks);
        // Where several processes load, none of them knows what all have saved.
        if (scope == ReleaseRequest.Types.Scope.Done && Layout.Ranks.Count == 1) _client.Thrift.Used(Cost);
        var loaded = _loaded.Take();
        if (report?.Loaded is null && loaded is not null) report = (report ?? new UsageReport()) with { Loaded = loaded };
        var request = ReleaseMessages.Request(_session, Ticket.Reservation, scope, report);
        var response = await _client.Calls.InvokeAsync("Release", _session,
            static (state, channel, call) => channel.UnaryAsync(PrefixCacheMethods.Release, state, call), request, cancellationToken);
        return response is { Held: true };
    }
}
