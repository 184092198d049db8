using Google.Protobuf;
using PrefixCache.Client.Devices;
using PrefixCache.Client.SharedMemory;
using PrefixCache.Client.Wire;
using PrefixCache.Format.Layouts;
using PrefixCache.Grpc;
using PrefixCache.Protocol;
using PrefixCache.Protocol.V1;
using KvLayout = PrefixCache.Format.Layouts.KvLayout;

namespace PrefixCache.Client.Sessions;

/// <summary>Keeps a session open: connects, registers the layouts, and connects again when the session is lost.</summary>
/// <remarks>One background task owns the session; <see cref="Current"/> may be read from any thread.</remarks>
internal sealed class SessionKeeper : IAsyncDisposable
{
    private readonly PrefixCacheClientOptions _options;
    private readonly RpcChannel _channel;
    private readonly Action<ClientEvent> _report;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<Exception?> _firstAttempt = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<LayoutId, KvLayout> _layouts = [];
    private readonly ArenaKeeper _arenas;
    private readonly Task _loop;
    private int _disposed;
    private volatile NodeSession? _current;
    private ByteString _previous = ByteString.Empty;

    public SessionKeeper(PrefixCacheClientOptions options, RpcChannel channel, Action<ClientEvent> report)
    {
        _options = options;
        _channel = channel;
        _report = report;
        _arenas = new ArenaKeeper(options, report);
        Device = options.Device is { } device ? new DevicePlane(device, options.OpenTimeout, report) : null;
        Settler = new GrantSettler(channel, options.CallTimeout);
        _loop = Task.Run(KeepAsync);
    }

    /// <summary>Null while there is no session.</summary>
    public NodeSession? Current => _current;

    public GrantSettler Settler { get; }

    /// <summary>Null where this process computes on none.</summary>
    public DevicePlane? Device { get; }

    /// <summary>Ends with the first attempt to connect; its failure, or null.</summary>
    public Task<Exception?> FirstAttempt => _firstAttempt.Task;

    /// <summary>Registers a layout now if there is a session, and with every later session.</summary>
    public async Task RegisterAsync(KvLayout layout, CancellationToken cancellationToken)
    {
        lock (_layouts) _layouts[layout.Id] = layout;
        if (_current is not { } session) return;
        try
        {
            await RegisterAsync(session.Id, layout, cancellationToken);
        }
        catch (RpcException exception) when (IsRefusal(exception))
        {
            lock (_layouts) _layouts.Remove(layout.Id);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        await _stop.CancelAsync();
        await _loop;
        Device?.Dispose();
        _arenas.Dispose();
        _stop.Dispose();
    }

    private async Task KeepAsync()
    {
        var delay = _options.MinReconnectDelay;
        while (!_stop.IsCancellationRequested)
        {
            Exception? failure = null;
            var started = _options.TimeProvider.GetTimestamp();
            try
            {
                await HoldAsync();
            }
            catch (Exception exception)
            {
                // Whatever it is: without this loop the worker would never use a cache again.
                failure = exception;
            }

            var wasConnected = Lose();
            if (_stop.IsCancellationRequested) break;
            if (!wasConnected)
            {
                // Nobody answers there.
                _arenas.Drop();
                Device?.Drop();
            }

            if (wasConnected
                && _options.TimeProvider.GetElapsedTime(started) > _options.MaxReconnectDelay) delay = _options.MinReconnectDelay;
            if (wasConnected || _firstAttempt.TrySetResult(failure ?? new PrefixCacheException("The node closed the session at once.")))
                _report(new ClientEvent(ClientEventKind.Disconnected, "", failure?.Message ?? "The node ended the session."));

            // Not all workers of a fleet at the same moment.
            await WaitAsync(delay * (0.5 + (Random.Shared.NextDouble() / 2)));
            delay = delay * 2 < _options.MaxReconnectDelay ? delay * 2 : _options.MaxReconnectDelay;
        }

        _firstAttempt.TrySetResult(new OperationCanceledException());
    }

    /// <summary>Opens a session and stays until it ends.</summary>
    private async Task HoldAsync()
    {
        var request = new OpenSessionRequest
        {
            VersionMajor = 1,
            VersionMinor = 4,
            InstanceId = _options.InstanceId,
            Role = _options.Role == WorkerRole.Rank ? OpenSessionRequest.Types.Role.Rank : OpenSessionRequest.Types.Role.Scheduler,
            Rank = (uint)_options.Rank,
            Tenant = _options.Tenant,
            PreviousSession = _previous,
            ReadOnly = _options.ReadOnly,
        };
        using var call = _channel.ServerStreaming(
            PrefixCacheMethods.OpenSession, request, new CallOptions { CancellationToken = _stop.Token });
        using (var opening = new CancellationTokenSource(_options.OpenTimeout, _options.TimeProvider))
        {
            if (!await call.Responses.MoveNextAsync(opening.Token))
                throw new PrefixCacheException("The node ended the session before it was open.");
        }

        if (call.Responses.Current.Opened is not { } opened)
            throw new PrefixCacheException("The node's first event was not `opened`: is the address that of a PrefixCache node?");
        _previous = opened.Session;
        var arena = await _arenas.AttachAsync(opened, _stop.Token);
        var session = new NodeSession(opened, arena, Device is null ? null : await Device.AttachAsync(opened, arena, _stop.Token));
        await Settler.SettleAsync(session, _stop.Token);
        var registered = new HashSet<LayoutId>();
        await RegisterOthersAsync(session.Id, registered);
        _current = session;

        // A layout that came meanwhile found no session to be registered with.
        await RegisterOthersAsync(session.Id, registered);
        _report(new ClientEvent(ClientEventKind.Connected, "", _options.Address));
        _firstAttempt.TrySetResult(null);
        while (await call.Responses.MoveNextAsync(_stop.Token))
        {
            if (call.Responses.Current.Draining is { } draining)
                _report(new ClientEvent(ClientEventKind.Draining, "", $"The node ends in at most {draining.GraceMs} ms."));
        }
    }

    private async Task RegisterOthersAsync(ByteString session, HashSet<LayoutId> registered)
    {
        List<KvLayout> layouts;
        lock (_layouts) layouts = [.. _layouts.Values.Where(layout => registered.Add(layout.Id))];
        foreach (var layout in layouts) await TryRegisterAsync(session, layout);
    }

    /// <summary>A layout that the node refuses makes a miss of its own lookups, not of everybody's.</summary>
    private async Task TryRegisterAsync(ByteString session, KvLayout layout)
    {
        try
        {
            await RegisterAsync(session, layout, _stop.Token);
        }
        catch (RpcException exception) when (IsRefusal(exception))
        {
            _report(new ClientEvent(ClientEventKind.CallFailed, "RegisterLayout", $"{exception.Status}: {exception.Detail}"));
        }
    }

    private static bool IsRefusal(RpcException exception) => exception.Status is StatusCode.InvalidArgument or StatusCode.ResourceExhausted;

    private bool Lose()
    {
        var session = _current;
        _current = null;
        session?.Lose();
        return session is not null;
    }

    private async Task RegisterAsync(ByteString session, KvLayout layout, CancellationToken cancellationToken)
    {
        var request = new RegisterLayoutRequest { Session = session, Layout = layout.ToMessage() };
        var options = new CallOptions { CancellationToken = cancellationToken, Timeout = _options.CallTimeout };
        var response = await _channel.UnaryAsync(PrefixCacheMethods.RegisterLayout, request, options);
        if (!response.LayoutId.Span.SequenceEqual(layout.Id.ToArray()))
            throw new PrefixCacheException("The node computes another layout id: client and node disagree on the layout's encoding.");
    }

    private async Task WaitAsync(TimeSpan delay)
    {
        try
        {
            await Task.Delay(delay, _options.TimeProvider, _stop.Token);
        }
        catch (OperationCanceledException)
        {
            // The client is being disposed.
        }
    }
}
