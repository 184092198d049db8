using PrefixCache.Client.Devices;
using PrefixCache.Client.Sessions;
using PrefixCache.Client.SharedMemory;
using PrefixCache.Client.Wire;
using PrefixCache.Format.Layouts;
using PrefixCache.Grpc;
using PrefixCache.Protocol;
using PrefixCache.Protocol.V1;
using KvLayout = PrefixCache.Format.Layouts.KvLayout;

namespace PrefixCache.Client;

/// <summary>A worker's way to its node: one per process of an engine.</summary>
/// <remarks>
/// Thread-safe. While the node is gone every call is a miss, at once, with an event; the client connects again by itself. In strict mode
/// what goes wrong is thrown instead.
/// </remarks>
public sealed class PrefixCacheClient : IAsyncDisposable
{
    private readonly RpcChannel _channel;
    private readonly SessionKeeper _keeper;

    private PrefixCacheClient(PrefixCacheClientOptions options)
    {
        Options = options;
        var headers = new Metadata();
        if (options.Token.Length > 0) headers.Add("authorization", "Bearer " + options.Token);
        _channel = new RpcChannel(new RpcChannelOptions
        {
            Address = options.Address,
            DefaultHeaders = headers,
            Tls = options.Tls,
            TimeProvider = options.TimeProvider,
        });
        _keeper = new SessionKeeper(options, _channel, Report);
        Calls = new CallGuard(options, _channel, Report);
        Thrift = new ClientThrift(options, Report);
    }

    /// <summary>
    /// Connected, disconnected, draining, paused, a call that failed. Raised on a thread of the client: do not block it; what a listener throws is
    /// dropped.
    /// </summary>
    public event Action<ClientEvent>? Changed;

    public PrefixCacheClientOptions Options { get; }

    /// <summary>A session is open.</summary>
    public bool IsConnected => _keeper.Current is not null;

    /// <summary>How payload moves now between the node and host memory.</summary>
    public TransferPlane Plane => _keeper.Current?.Arena is null ? TransferPlane.Stream : TransferPlane.SharedMemory;

    /// <summary>
    /// The node's memory on <see cref="PrefixCacheClientOptions.Device"/> is mapped: what lies there is copied within the device.
    /// </summary>
    public bool HasDevicePlane => _keeper is { Current.Device.Arena: not null, Device.Failure: null };

    /// <summary>
    /// Ends when this process's page tables for the node's memory are filled, which happens in the background: hits before that pay for the
    /// first touch of each page. Ended already where there is no shared memory.
    /// </summary>
    public Task Populated => _keeper.Current?.Arena?.Populated ?? Task.CompletedTask;

    internal CallGuard Calls { get; }

    /// <summary>Null where this process computes on no device.</summary>
    internal DevicePlane? Device => _keeper.Device;

    internal ClientThrift Thrift { get; }

    /// <summary>Makes a client and waits for the first attempt to connect.</summary>
    /// <param name="options">Address and identity.</param>
    /// <param name="changed">Hears every event from the first on; may be null.</param>
    /// <param name="cancellationToken">Gives the wait up.</param>
    /// <returns>A client, connected or, unless strict, still trying.</returns>
    /// <exception cref="PrefixCacheException">Strict, and the node cannot be reached or refuses.</exception>
    public static async Task<PrefixCacheClient> ConnectAsync(
        PrefixCacheClientOptions options, Action<ClientEvent>? changed = null, CancellationToken cancellationToken = default)
    {
        var client = new PrefixCacheClient(options);
        client.Changed += changed;
        try
        {
            var failure = await client._keeper.FirstAttempt.WaitAsync(cancellationToken);
            if (failure is not null && options.Strict) throw new PrefixCacheException($"{options.Address}: {failure.Message}", failure);
            return client;
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes a layout known to the node, now and after every reconnection.</summary>
    /// <exception cref="PrefixCacheException">The layout has faults (all are named), or the node refuses it: a mistake of the worker's
    /// set-up.</exception>
    public async Task RegisterLayoutAsync(KvLayout layout, CancellationToken cancellationToken = default)
    {
        var faults = LayoutValidator.Validate(layout);
        if (faults.Count > 0) throw new PrefixCacheException($"The layout has faults: {string.Join("; ", faults)}.");
        try
        {
            await _keeper.RegisterAsync(layout, cancellationToken);
        }
        catch (RpcException exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(exception.Message, exception, cancellationToken);
        }
        catch (RpcException exception) when (IsTransient(exception) && !Options.Strict)
        {
            Report(new ClientEvent(ClientEventKind.CallFailed, "RegisterLayout", exception.Message));
        }
        catch (RpcException exception)
        {
            throw new PrefixCacheException($"The node refuses the layout: {exception.Detail}", exception);
        }
    }

    /// <summary>Asks how much of a prompt's KV the node has.</summary>
    /// <param name="layout">A registered layout.</param>
    /// <param name="tokens">Token ids of the prompt.</param>
    /// <param name="options">Request id, alignment, namespace.</param>
    /// <param name="cancellationToken">Gives the call up.</param>
    /// <returns>Never null: a failure is a reservation with no hit, whose further calls do nothing.</returns>
    public ValueTask<PrefixReservation> LookupAsync(
        KvLayout layout, ReadOnlyMemory<int> tokens, LookupOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new LookupOptions();
        return LookupAsync(layout, tokens, options, options.RequestId.Length == 0, cancellationToken);
    }

    /// <summary>
    /// Looks a prompt up, waits while others compute a part of it, and claims what is then missing: on return it is this process's to
    /// compute and to store, and others wait for that.
    /// </summary>
    /// <param name="layout">A registered layout.</param>
    /// <param name="tokens">Token ids of the prompt.</param>
    /// <param name="options">As for a lookup; <see cref="LookupOptions.MaxWait"/> limits the waiting, <see cref="LookupOptions.Wait"/> says
    /// nothing here.</param>
    /// <param name="cancellationToken">Gives it up; nothing stays reserved.</param>
    /// <returns>
    /// Never null. What it lacks is to be computed, also where the claim could not be had: the time was over, or the node is gone, which is
    /// a miss at once.
    /// </returns>
    public ValueTask<PrefixReservation> AcquireAsync(
        KvLayout layout, ReadOnlyMemory<int> tokens, LookupOptions? options = null, CancellationToken cancellationToken = default) =>
        new PrefixAcquisition(this, layout, tokens, options ?? new LookupOptions()).RunAsync(cancellationToken);

    /// <param name="mayForget">This client chose the request's id.</param>
    internal async ValueTask<PrefixReservation> LookupAsync(
        KvLayout layout, ReadOnlyMemory<int> tokens, LookupOptions options, bool mayForget, CancellationToken cancellationToken)
    {
        if (options is { StoreLimitTokens: null, Parent.StoreLimit: < int.MaxValue and var inherited })
            options = options with { StoreLimitTokens = inherited };
        if (Thrift.IsPaused()) return Paused(layout, tokens, options);
        var session = _keeper.Current;
        var started = Options.TimeProvider.GetTimestamp();
        var request = LookupMessages.Request(session, layout, options);
        if (options.Parent is { } parent && parent.IsParentOf(tokens.Span, options.Items, session))
            (request.Parent, request.ParentTokens) = (parent.Ticket.Reservation, (uint)parent.Trail.Count);
        var trail = new TokenTrail(options.Items);
        trail.Add(tokens.Span);
        var wait = TimeSpan.FromMilliseconds(request.Policy?.WaitMs ?? 0);
        var answer = await Calls.WaitAsync(
            "Lookup", session, static (state, channel, call) => state.Lookup.AskAsync(channel, state.tokens, call),
            (Lookup: new LookupCall(request, mayForget, Options), tokens), wait, cancellationToken);
        var ticket = answer is null
            ? new ReservationTicket(0, layout.Id.ToString(), 0, tokens.Length, layout.ChunkTokens)
            : new ReservationTicket(answer.Reservation, layout.Id.ToString(), (int)answer.HitTokens, tokens.Length, layout.ChunkTokens)
            {
                LoadTokens = LookupMessages.LoadTokens(answer),
            };
        var cost = new RequestCost(Options.TimeProvider.GetElapsedTime(started).Ticks);
        if (answer is null && session is not null) Thrift.Used(cost);
        return new PrefixReservation(this, answer is null ? null : session, layout, ticket, Places(answer, layout, ticket))
        {
            Trail = trail,
            StoreLimit = Math.Max(options.StoreLimitTokens ?? int.MaxValue, 0),
            MissReason = LookupMessages.FirstMiss(answer),
            PendingTokens = Math.Clamp((int)Math.Min(answer?.PendingTokens ?? 0, int.MaxValue), ticket.HitTokens, tokens.Length),
            Decisions = LookupMessages.Decisions(answer),
            Cost = cost,
        };
    }

    /// <summary>Where the hit's shard 0 lies, if the lookup was asked and says.</summary>
    private static HitPlaces? Places(LookupResponse? answer, KvLayout layout, ReservationTicket ticket)
    {
        if (answer is not { Extents.Count: 1 }) return null;
        var device = answer.DeviceExtents.Count == 1 ? answer.DeviceExtents[0] : null;
        return new HitPlaces(HitExtents.TryRead(answer.Extents[0], 0, layout, ticket.HitTokens),
            DeviceHitExtents.TryRead(device, 0, layout, ticket.HitTokens));
    }

    /// <summary>A miss without a call.</summary>
    private PrefixReservation Paused(KvLayout layout, ReadOnlyMemory<int> tokens, LookupOptions options)
    {
        var trail = new TokenTrail(options.Items);
        trail.Add(tokens.Span);
        var ticket = new ReservationTicket(0, layout.Id.ToString(), 0, tokens.Length, layout.ChunkTokens);
        return new PrefixReservation(this, null, layout, ticket)
        {
            Trail = trail,
            StoreLimit = Math.Max(options.StoreLimitTokens ?? int.MaxValue, 0),
            MissReason = MissReason.Policy,
            IsPaused = true,
        };
    }

    /// <summary>Uses, in a rank process, a reservation that the scheduler's process looked up.</summary>
    /// <param name="layout">The layout that it was looked up with.</param>
    /// <param name="ticket">From <see cref="PrefixReservation.Ticket"/>.</param>
    public PrefixReservation OpenReservation(KvLayout layout, ReservationTicket ticket)
    {
        if (ticket.LayoutId != layout.Id.ToString())
            throw new ArgumentException(
                "The ticket is for another layout than this process uses: every rank must register the same one.", nameof(ticket));
        return new PrefixReservation(this, ticket.Reservation == 0 ? null : _keeper.Current, layout, ticket);
    }

    /// <summary>Settles grants whose stores were cut off; with the next session where there is none now.</summary>
    internal async Task SettleAsync()
    {
        if (_keeper.Current is { IsLost: false } session) await _keeper.Settler.SettleAsync(session, CancellationToken.None);
    }

    /// <exception cref="InvalidOperationException">This client has no device.</exception>
    internal DevicePlane DemandDevice() => Device ?? throw new InvalidOperationException(
        "The client has no device: set PrefixCacheClientOptions.Device to the one that the memory is of.");

    /// <summary>Tells a listener what went wrong with a hit; in strict mode throws it.</summary>
    internal void Failed(string operation, string reason)
    {
        if (Options.Strict) throw new PrefixCacheException($"{operation}: {reason}");
        Report(new ClientEvent(ClientEventKind.CallFailed, operation, reason));
    }

    /// <summary>What the node holds and did.</summary>
    /// <exception cref="PrefixCacheException">The node cannot be asked.</exception>
    public Task<GetStatisticsResponse> GetStatisticsAsync(CancellationToken cancellationToken = default) =>
        AdminAsync("GetStatistics", PrefixCacheMethods.GetStatistics, _ => new GetStatisticsRequest(), cancellationToken);

    /// <summary>
    /// Has the node keep what it holds of a prefix in place, whatever else has to go, until the time is over. The same prefix again renews
    /// it and takes in what has come since.
    /// </summary>
    /// <exception cref="PrefixCacheException">The node cannot be asked, or refuses: too much would be pinned.</exception>
    public async Task<PrefixPin> PinAsync(
        KvLayout layout, ReadOnlyMemory<int> tokens, PinOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new PinOptions();
        if (options.Time <= TimeSpan.Zero)
            throw new PrefixCacheException($"Pin: the time is {options.Time}: give one above zero, or none for as long as the node allows.");
        var answer = await AdminAsync("Pin", session =>
        {
            var request = new PinRequest
            {
                Session = session.Id,
                LayoutId = Google.Protobuf.ByteString.CopyFrom(layout.Id.ToArray()),
                Salt = options.Salt,
                Adapter = options.Adapter,
                TtlMs = (ulong)(options.Time?.TotalMilliseconds ?? 0),
            };
            request.Items.AddRange(LookupMessages.Items(options.Items));
            return request;
        }, (request, call) => _channel.UnaryAsync(PrefixCacheMethods.Pin, request, new TokenMemory(tokens).Sequence, call), cancellationToken);
        return new PrefixPin(answer.Pin, (int)answer.PinnedTokens, (long)answer.Bytes, TimeSpan.FromMilliseconds(answer.TtlMs));
    }

    /// <summary>Has the node load into its memory, in the background, what Redis has of a prefix. Nothing of it is kept in place.</summary>
    /// <returns>What is there, and what is on its way.</returns>
    /// <exception cref="PrefixCacheException">The node cannot be asked.</exception>
    public async Task<PrefetchedPrefix> PrefetchAsync(
        KvLayout layout, ReadOnlyMemory<int> tokens, PrefetchOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new PrefetchOptions();
        var answer = await AdminAsync("Prefetch", session =>
        {
            var request = new PrefetchRequest
            {
                Session = session.Id,
                LayoutId = Google.Protobuf.ByteString.CopyFrom(layout.Id.ToArray()),
                Salt = options.Salt,
                Adapter = options.Adapter,
            };
            request.Items.AddRange(LookupMessages.Items(options.Items));
            return request;
        }, (request, call) =>
            _channel.UnaryAsync(PrefixCacheMethods.Prefetch, request, new TokenMemory(tokens).Sequence, call), cancellationToken);
        return new PrefetchedPrefix((int)answer.HitTokens, (int)answer.PendingTokens);
    }

    /// <summary>Ends a pin.</summary>
    /// <exception cref="PrefixCacheException">The node cannot be asked, or the pin is over already.</exception>
    public Task UnpinAsync(ulong pin, CancellationToken cancellationToken = default) =>
        AdminAsync("Unpin", PrefixCacheMethods.Unpin, session => new UnpinRequest { Session = session.Id, Pin = pin }, cancellationToken);

    /// <summary>Makes everything of one namespace unfindable.</summary>
    /// <returns>Chunks taken out.</returns>
    /// <exception cref="PrefixCacheException">The node cannot be asked.</exception>
    public async Task<long> ClearNamespaceAsync(
        KvLayout layout, string salt = "", string adapter = "", CancellationToken cancellationToken = default)
    {
        var answer = await AdminAsync("ClearNamespace", PrefixCacheMethods.ClearNamespace, session => new ClearNamespaceRequest
        {
            Session = session.Id,
            LayoutId = Google.Protobuf.ByteString.CopyFrom(layout.Id.ToArray()),
            Salt = salt,
            Adapter = adapter,
        }, cancellationToken);
        return (long)answer.Chunks;
    }

    /// <summary>Makes everything of this client's tenant unfindable.</summary>
    /// <returns>Chunks taken out.</returns>
    /// <exception cref="PrefixCacheException">The node cannot be asked.</exception>
    public async Task<long> ClearAllAsync(CancellationToken cancellationToken = default) => (long)(await AdminAsync("ClearNamespace",
        PrefixCacheMethods.ClearNamespace, session =>
            new ClearNamespaceRequest { Session = session.Id, All = true }, cancellationToken)).Chunks;

    public async ValueTask DisposeAsync()
    {
        await _keeper.DisposeAsync();
        _channel.Dispose();
    }

    private Task<TResponse> AdminAsync<TRequest, TResponse>(string operation, RpcMethod<TRequest, TResponse> method,
        Func<NodeSession, TRequest> request, CancellationToken cancellationToken)
        where TRequest : Google.Protobuf.IMessage<TRequest>
        where TResponse : Google.Protobuf.IMessage<TResponse> =>
        AdminAsync(operation, request, (message, call) => _channel.UnaryAsync(method, message, call), cancellationToken);

    private async Task<TResponse> AdminAsync<TRequest, TResponse>(string operation, Func<NodeSession, TRequest> request,
        Func<TRequest, CallOptions, Task<TResponse>> call, CancellationToken cancellationToken)
    {
        var session = _keeper.Current ?? throw new PrefixCacheException($"{operation}: there is no session with {Options.Address}.");
        try
        {
            return await call(request(session), new CallOptions { CancellationToken = cancellationToken, Timeout = Options.CallTimeout });
        }
        catch (RpcException exception)
        {
            throw new PrefixCacheException($"{operation}: {exception.Status}: {exception.Detail}", exception);
        }
    }

    /// <summary>The node or the session is gone: the next session registers the layout.</summary>
    private static bool IsTransient(RpcException exception) =>
        exception.Status is StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Cancelled or StatusCode.NotFound;

    /// <summary>
    /// A listener that throws fails neither an inference request nor the loop that connects again: what it throws is dropped.
    /// </summary>
    private void Report(ClientEvent happened)
    {
        foreach (var listener in Delegate.EnumerateInvocationList(Changed))
        {
            try
            {
                listener(happened);
            }
            catch (Exception)
            {
                // Nobody is left to tell.
            }
        }
    }
}
