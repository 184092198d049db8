using System.Net.Sockets;
using PrefixCache.Core;
using PrefixCache.Core.Native.Posix;
using PrefixCache.Core.Results;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Sharing;
using PrefixCache.Format.Native.Posix;
using PrefixCache.Format.SharedMemory;
using PrefixCache.Server.Options;

namespace PrefixCache.Server.Local;

/// <summary>The node's own Unix socket, on which workers of its host get the arena (docs/shared-memory.md).</summary>
/// <remarks>
/// The kernel says which process of which user asks, and the request which session it is; both must be in order. A connection is one
/// request
/// and one reply. A refusal is logged once in ten seconds at most.
/// </remarks>
internal sealed class ArenaSocket : IAsyncDisposable
{
    private const int MaxHandshakes = 64;

    /// <summary>Workers that start together: connect(2) on a Unix socket does not wait for room, it fails with EAGAIN.</summary>
    private const int Backlog = 4096;

    private const string NoRequest = "The request is none of version 1: begin it with PFXARENA, as docs/shared-memory.md says.";
    private static readonly TimeSpan HandshakeTime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan AcceptRetry = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(10);

    private readonly CacheNode _node;
    private readonly SharedMemoryOptions _options;
    private readonly WorkerProcessTable _processes;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _room = new(MaxHandshakes);
    private readonly Task _loop;
    private long _loggedAt;

    /// <summary>Listens at once.</summary>
    /// <exception cref="IOException">Another process serves there, or something that is no socket lies there.</exception>
    /// <exception cref="SocketException">The socket cannot be made.</exception>
    public ArenaSocket(CacheNode node, SharedMemoryOptions options, TimeProvider time, ILogger logger)
    {
        (_node, _options, _time, _logger) = (node, options, time, logger);
        try
        {
            Address = Bind();
            _listener.Listen(Backlog);
        }
        catch
        {
            _listener.Dispose();
            throw;
        }

        _processes = new WorkerProcessTable(node);
        _loop = Task.Run(AcceptAsync);
    }

    /// <summary>What workers connect to: a full path, or @name for a name in the abstract namespace.</summary>
    public string Address { get; }

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested) return;
        await _stop.CancelAsync();
        // It takes the socket's file away too; later the path may be another node's.
        _listener.Dispose();
        await _loop;
        for (var i = 0; i < MaxHandshakes; i++) await _room.WaitAsync();
        _processes.Dispose();
        _room.Dispose();
        _stop.Dispose();
    }

    private string Bind()
    {
        if (_options.Socket.Length == 0)
        {
            var name = $"prefixcache-{_node.Incarnation:N}";
            _listener.Bind(new UnixDomainSocketEndPoint("\0" + name));
            return "@" + name;
        }

        var path = Path.GetFullPath(_options.Socket);
        UnixSocketFile.RemoveStale(path, "shared-memory-socket");
        using (UnixSocketFile.RestrictNewFiles(path)) _listener.Bind(new UnixDomainSocketEndPoint(path));
        // Who asks is checked for each connection.
        if (_options.Users.Count > 0 && OperatingSystem.IsLinux())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite
                | UnixFileMode.OtherRead | UnixFileMode.OtherWrite);
        return path;
    }

    private async Task AcceptAsync()
    {
        while (await HasRoomAsync())
        {
            var isServed = false;
            try
            {
                var connection = await _listener.AcceptAsync(_stop.Token);
                isServed = true;
                _ = Task.Run(() => ServeAsync(connection));
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                if (_stop.IsCancellationRequested) return;

                // Out of descriptors, most likely: others need time to give some back.
                Refused("somebody", exception.Message);
                await Task.Delay(AcceptRetry, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            finally
            {
                if (!isServed) _room.Release();
            }
        }
    }

    /// <summary>False when the node stops.</summary>
    private async Task<bool> HasRoomAsync()
    {
        try
        {
            await _room.WaitAsync(_stop.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task ServeAsync(Socket connection)
    {
        using (connection)
        using (var late = new CancellationTokenSource(HandshakeTime, _time))
        using (var end = CancellationTokenSource.CreateLinkedTokenSource(late.Token, _stop.Token))
        {
            try
            {
                await AnswerAsync(connection, end.Token);
            }
            catch (Exception exception) when (exception is SocketException or IOException or PosixException or OperationCanceledException
                or ObjectDisposedException)
            {
                // The peer is gone, says nothing, or does not read; its worker uses streams.
                if (!_stop.IsCancellationRequested) Refused("a process", exception.Message);
            }
            finally
            {
                _room.Release();
            }
        }
    }

    private async Task AnswerAsync(Socket connection, CancellationToken cancellationToken)
    {
        var peer = PeerCredentials.Of(connection.SafeHandle);
        // Before anything is read: anybody may connect, and one who is refused anyway must not hold a place by saying nothing.
        if (CheckPeer(peer) is { } stranger)
        {
            await RefuseAsync(connection, peer, stranger, cancellationToken);
            return;
        }

        var request = new byte[ArenaHandover.RequestBytes];
        for (var read = 0; read < request.Length;)
        {
            var received = await connection.ReceiveAsync(request.AsMemory(read), SocketFlags.None, cancellationToken);
            if (received == 0) throw new IOException("It closed the connection before its request was whole.");
            read += received;
        }

        if (ArenaHandover.TryReadRequest(request, out _, out var device))
            await GrantAsync(connection, peer, request, device, cancellationToken);
        else
            await RefuseAsync(connection, peer, NoRequest, cancellationToken);
    }

    private string? CheckPeer(PeerCredentials peer)
    {
        if (peer.User != 0 && peer.User != PosixUser.Current && !_options.Users.Contains(peer.User))
            return $"User {peer.User} may not map this node's memory: run the worker as the node's user, or add it to shared-memory-users.";
        return peer.Process > 0
            ? null
            : "The node does not see this process, which is not in its PID namespace or below: start the node in the host's (hostPID: true, --pid=host).";
    }

    /// <param name="device">0 = the host arena.</param>
    private async Task GrantAsync(Socket connection, PeerCredentials peer, byte[] request, int device, CancellationToken cancellationToken)
    {
        CacheError? error;
        if (device == 0)
        {
            if (Attach(connection, peer, request, _node.Sharing.Attach).Succeeded(out var arena, out error)) Send(connection, arena);
        }
        else
        {
            var gpu = Attach(connection, peer, request, (session, process) => _node.Sharing.AttachGpu(session, process, device));
            if (gpu.Succeeded(out var access, out error)) Send(connection, access);
        }

        if (error is not null) await RefuseAsync(connection, peer, error.Message, cancellationToken);
    }

    private Result<T> Attach<T>(Socket connection, PeerCredentials peer, byte[] request, Func<Session, WorkerProcess, Result<T>> attach)
    {
        _ = ArenaHandover.TryReadRequest(request, out var id, out _);
        if (!_node.Sessions.Find(id).Succeeded(out var session, out var error)) return error;
        try
        {
            return attach(session, _processes.Find(ProcessHandle.OfPeer(connection.SafeHandle, peer.Process)));
        }
        catch (PosixException exception)
        {
            // Whoever cannot be watched cannot be proven dead.
            return CacheError.FailedPrecondition($"{exception.Message}");
        }
    }

    private static void Send(Socket connection, ArenaAccess access)
    {
        using var payload = access.Writable ? null : access.Arena.File.OpenReadOnly();
        var reply = new ArenaReply(true, access.Writable, access.Arena.Id, access.Arena.CapacityBytes, access.Control.File.Length, "");
        DescriptorSocket.Send(connection, ArenaHandover.Reply(reply), [access.Control.File.Handle, payload ?? access.Arena.File.Handle]);
    }

    private static void Send(Socket connection, GpuAccess access)
    {
        var reply = new ArenaReply(true, false, access.ArenaId, access.CapacityBytes, access.Control.File.Length, "")
        {
            Handle = access.Share.Handle,
        };
        DescriptorSocket.Send(connection, ArenaHandover.Reply(reply),
            access.Share.Descriptor is { } memory ? [access.Control.File.Handle, memory] : [access.Control.File.Handle]);
    }

    private async Task RefuseAsync(Socket connection, PeerCredentials peer, string reason, CancellationToken cancellationToken)
    {
        Refused($"process {peer.Process} of user {peer.User}", reason);
        await connection.SendAsync(ArenaHandover.Reply(ArenaReply.Refused(reason)), SocketFlags.None, cancellationToken);
    }

    private void Refused(string who, string reason)
    {
        var last = Volatile.Read(ref _loggedAt);
        var now = _time.GetTimestamp();
        if ((last == 0 || _time.GetElapsedTime(last, now) > LogInterval) && Interlocked.CompareExchange(ref _loggedAt, now, last) == last)
            Log.ArenaRefused(_logger, who, reason);
    }
}
