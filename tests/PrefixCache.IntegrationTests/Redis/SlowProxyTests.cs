using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using PrefixCache.TestRedis.Network;

namespace PrefixCache.IntegrationTests.Redis;

/// <summary>The narrow, long and broken way that tests put before a server.</summary>
public sealed class SlowProxyTests : IAsyncDisposable
{
    private readonly TcpListener _server = new(IPAddress.Loopback, 0);
    private readonly SlowProxy _proxy;

    public SlowProxyTests()
    {
        _server.Start();
        _proxy = new SlowProxy(((IPEndPoint)_server.LocalEndpoint).Port);
    }

    [Fact]
    public async Task Bytes_BothWays_ArriveUnchangedUpToTheEnd()
    {
        using var client = await ConnectAsync();
        using var server = await _server.AcceptTcpClientAsync();
        var bytes = new byte[1 << 20];
        Random.Shared.NextBytes(bytes);
        var (up, down) = (ReadAsync(server), ReadAsync(client));
        await Task.WhenAll(SendAsync(client, bytes), SendAsync(server, bytes));
        Assert.Equal(bytes, await up);
        Assert.Equal(bytes, await down);
        Assert.Equal(bytes.Length, _proxy.ToServer.BytesPassed);
    }

    [Fact]
    public async Task BytesPerSecond_OfOneLane_BoundsItAlone()
    {
        _proxy.ToClient.BytesPerSecond = 1_000_000;
        using var client = await ConnectAsync();
        using var server = await _server.AcceptTcpClientAsync();
        var started = Stopwatch.GetTimestamp();
        var read = ReadAsync(client);
        await SendAsync(server, new byte[500_000]);
        Assert.Equal(500_000, (await read).Length);
        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalSeconds, 0.45, 5);
    }

    [Fact]
    public async Task Delay_OfALane_LetsBytesArriveLater()
    {
        _proxy.ToServer.Delay = TimeSpan.FromMilliseconds(200);
        using var client = await ConnectAsync();
        using var server = await _server.AcceptTcpClientAsync();
        var started = Stopwatch.GetTimestamp();
        await client.GetStream().WriteAsync(new byte[1]);
        await server.GetStream().ReadExactlyAsync(new byte[1]);
        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalSeconds, 0.19, 5);
    }

    [Fact]
    public async Task CutAfter_SoManyBytes_ResetsBothEndsAndServesTheNext()
    {
        using var client = await ConnectAsync();
        using var server = await _server.AcceptTcpClientAsync();
        _proxy.ToClient.CutAfter(100_000);
        var read = Assert.ThrowsAsync<IOException>(() => ReadAsync(client));
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            while (true) await server.GetStream().WriteAsync(new byte[64 << 10]);
        });
        await read;
        Assert.Equal(100_000, _proxy.ToClient.BytesPassed);

        using var next = await ConnectAsync();
        using var nextServer = await _server.AcceptTcpClientAsync();
        await nextServer.GetStream().WriteAsync(new byte[1]);
        await next.GetStream().ReadExactlyAsync(new byte[1]);
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        _server.Dispose();
    }

    private static async Task SendAsync(TcpClient to, byte[] bytes)
    {
        await to.GetStream().WriteAsync(bytes);
        to.Client.Shutdown(SocketShutdown.Send);
    }

    private static async Task<byte[]> ReadAsync(TcpClient from)
    {
        using var all = new MemoryStream();
        await from.GetStream().CopyToAsync(all);
        return all.ToArray();
    }

    private async Task<TcpClient> ConnectAsync()
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _proxy.Port);
        return client;
    }
}
