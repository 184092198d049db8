using System.Buffers;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using PrefixCache.TestRedis.Servers;

namespace PrefixCache.TestRedis.Network;

/// <summary>A way to a server on 127.0.0.1 that can be made narrow and long, and cut: both ends see a reset, as when a host dies.</summary>
public sealed class SlowProxy : IAsyncDisposable
{
    private const int BufferBytes = 64 << 10;

    /// <summary>How much may be under way because of a delay: 64 MiB.</summary>
    private const int Buffers = 1024;

    private readonly TcpListener _listener = new(IPAddress.Loopback, FreePort.Take());
    private readonly int _serverPort;
    private readonly List<Socket> _sockets = [];
    private readonly List<Task> _pumps = [];
    private readonly Task _accepting;

    /// <param name="serverPort">Port of the server; it need not run yet.</param>
    public SlowProxy(int serverPort)
    {
        _serverPort = serverPort;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>`host:port`.</summary>
    public string Address => RedisServer.Format(Port);

    /// <summary>From clients to the server.</summary>
    public ProxyLane ToServer { get; } = new();

    /// <summary>From the server to clients.</summary>
    public ProxyLane ToClient { get; } = new();

    /// <summary>Resets every connection; new ones are served.</summary>
    public void Cut()
    {
        lock (_sockets)
        {
            foreach (var socket in _sockets) socket.Close(0);
            _sockets.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _accepting;
        Cut();
        Task[] pumps;
        lock (_sockets) pumps = [.. _pumps];
        await Task.WhenAll(pumps);
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) await ServeAsync(await _listener.AcceptSocketAsync());
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The listener was stopped.
        }
    }

    private async Task ServeAsync(Socket near)
    {
        var far = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        near.NoDelay = true;
        try
        {
            await far.ConnectAsync(IPAddress.Loopback, _serverPort);
        }
        catch (SocketException)
        {
            near.Close(0);
            far.Dispose();
            return;
        }

        lock (_sockets)
        {
            _sockets.AddRange([near, far]);
            _pumps.Add(JoinAsync(near, far));
        }
    }

    private async Task JoinAsync(Socket near, Socket far)
    {
        await Task.WhenAll(PumpAsync(near, far, ToServer), PumpAsync(far, near, ToClient));
        near.Dispose();
        far.Dispose();
    }

    private async Task PumpAsync(Socket from, Socket to, ProxyLane lane)
    {
        var underWay = Channel.CreateBounded<Piece>(Buffers);
        await Task.WhenAll(
            GuardAsync(ReceiveAsync(from, lane, underWay.Writer), from, to, underWay.Writer),
            GuardAsync(SendAsync(to, underWay.Reader), from, to, underWay.Writer));
    }

    /// <summary>What ends one side badly is passed on to the other as a reset.</summary>
    private static async Task GuardAsync(Task pump, Socket from, Socket to, ChannelWriter<Piece> pieces)
    {
        try
        {
            await pump;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or ChannelClosedException)
        {
            from.Close(0);
            to.Close(0);
        }

        pieces.TryComplete();
    }

    private static async Task ReceiveAsync(Socket from, ProxyLane lane, ChannelWriter<Piece> pieces)
    {
        while (true)
        {
            var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
            var count = await from.ReceiveAsync(buffer.AsMemory(0, lane.PieceBytes(BufferBytes)));
            var passes = await lane.PassAsync(count);
            var due = Stopwatch.GetTimestamp() + (long)(lane.Delay.TotalSeconds * Stopwatch.Frequency);
            await pieces.WriteAsync(new Piece(buffer, passes, due, EndsHere: count == 0, CutsHere: passes < count));
            if (count == 0 || passes < count) return;
        }
    }

    private async Task SendAsync(Socket to, ChannelReader<Piece> pieces)
    {
        await foreach (var piece in pieces.ReadAllAsync())
        {
            var wait = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), piece.Due);
            if (wait > TimeSpan.Zero) await Task.Delay(wait);
            for (var sent = 0; sent < piece.Count;) sent += await to.SendAsync(piece.Buffer.AsMemory(sent, piece.Count - sent));
            ArrayPool<byte>.Shared.Return(piece.Buffer);
            if (piece.EndsHere) to.Shutdown(SocketShutdown.Send);
            if (piece.CutsHere) Cut();
        }
    }

    /// <param name="Due">When it may be sent on, in ticks of <see cref="Stopwatch"/>.</param>
    /// <param name="EndsHere">The sender will send no more.</param>
    private readonly record struct Piece(byte[] Buffer, int Count, long Due, bool EndsHere, bool CutsHere);
}
