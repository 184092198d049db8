using System.Net;
using System.Net.Sockets;

namespace PrefixCache.IntegrationTests.Fixtures;

/// <summary>A way to the node that can be cut: both ends see a reset, as when a host dies.</summary>
internal sealed class CutProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly EndPoint _target;
    private readonly List<Socket> _sockets = [];
    private readonly List<Task> _tasks = [];
    private readonly TaskCompletionSource _disposed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _bytesLeft = long.MaxValue;

    public CutProxy(string nodeAddress)
    {
        var uri = new Uri(nodeAddress);
        _target = new IPEndPoint(IPAddress.Parse(uri.Host), uri.Port);
        _listener.Start();
        Address = $"http://{_listener.LocalEndpoint}";
        _tasks.Add(AcceptAsync());
    }

    public string Address { get; }

    /// <summary>Lets so many more bytes pass to the node and holds what follows.</summary>
    public void HoldAfter(int bytes) => Volatile.Write(ref _bytesLeft, bytes);

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
        _disposed.SetResult();
        _listener.Stop();
        Cut();
        await Task.WhenAll(_tasks);
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var near = await _listener.AcceptSocketAsync();
                var far = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await far.ConnectAsync(_target);
                lock (_sockets) _sockets.AddRange([near, far]);
                _tasks.Add(PumpAsync(near, far, SendLimitedAsync));
                _tasks.Add(PumpAsync(far, near, SendAsync));
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The listener was stopped.
        }
    }

    private static async Task SendAsync(Socket to, ReadOnlyMemory<byte> bytes) => await to.SendAsync(bytes);

    private async Task SendLimitedAsync(Socket to, ReadOnlyMemory<byte> bytes)
    {
        var left = Volatile.Read(ref _bytesLeft);
        if (bytes.Length > left)
        {
            await to.SendAsync(bytes[..(int)left]);
            await _disposed.Task;
        }

        await to.SendAsync(bytes);
        if (left != long.MaxValue) Interlocked.Add(ref _bytesLeft, -bytes.Length);
    }

    private static async Task PumpAsync(Socket from, Socket to, Func<Socket, ReadOnlyMemory<byte>, Task> send)
    {
        var buffer = new byte[64 << 10];
        try
        {
            for (int count; (count = await from.ReceiveAsync(buffer)) > 0;) await send(to, buffer.AsMemory(0, count));
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Cut.
        }
    }
}
