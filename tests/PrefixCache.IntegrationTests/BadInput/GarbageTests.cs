using System.Net.Sockets;
using System.Text;
using PrefixCache.IntegrationTests.Fixtures;

namespace PrefixCache.IntegrationTests.BadInput;

public sealed class GarbageTests
{
    private static readonly byte[] Preface = Encoding.ASCII.GetBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

    private static readonly Dictionary<string, byte[]> Garbage = new()
    {
        ["noise"] = Noise(4096),
        ["zeros"] = new byte[4096],
        ["HTTP/1.1"] = Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        ["TLS"] = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, .. Noise(508)],
        ["preface and noise"] = [.. Preface, .. Noise(4096)],
        ["preface and a huge frame"] = [.. Preface, 0xff, 0xff, 0xff, 0x04, 0, 0, 0, 0, 0, .. Noise(64)],
        ["data on stream 0"] = [.. Preface, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4],
    };

    public static TheoryData<string, bool> Cases
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (var name in Garbage.Keys)
            {
                data.Add(name, false);
                data.Add(name, true);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Connection_WithGarbage_IsClosedAndNothingElseSuffers(string garbage, bool unixSocket)
    {
        using var folder = new TemporaryFolder();
        await using var node = await RunningNode.StartAsync(RunningNode.Options() with { Socket = folder.Path("node.sock") });
        var client = await node.ConnectAsync(options => options with { Address = node.Node.Addresses[unixSocket ? 1 : 0] });
        await client.RegisterLayoutAsync(TestKv.Layout());
        var before = node.Node.Snapshot();
        using var socket = await ConnectAsync(node, unixSocket, folder.Path("node.sock"));
        await WriteAndDrainAsync(socket, Garbage[garbage]);
        await using (var lookup = await client.LookupAsync(TestKv.Layout(), TestKv.Tokens(40))) Assert.Equal(0, lookup.HitTokens);
        Assert.Equal(before, node.Node.Snapshot());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Connection_ThatSendsTooLittle_IsClosedInTime(bool unixSocket)
    {
        using var folder = new TemporaryFolder();
        var options = RunningNode.Options() with { Socket = folder.Path("node.sock"), RequestTimeout = TimeSpan.FromMilliseconds(300) };
        await using var node = await RunningNode.StartAsync(options);
        using var socket = await ConnectAsync(node, unixSocket, folder.Path("node.sock"));
        using var limit = new CancellationTokenSource(RawSession.CallTimeout);
        await socket.SendAsync(Preface.AsMemory(0, 7), limit.Token);
        Assert.Equal(0, await ReceiveAsync(socket, limit.Token));
    }

    /// <summary>0 when the node has closed the connection, however it did.</summary>
    private static async Task<int> ReceiveAsync(Socket socket, CancellationToken cancellationToken)
    {
        try
        {
            return await socket.ReceiveAsync(new byte[16], cancellationToken);
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionReset)
        {
            return 0;
        }
    }

    private static async Task<Socket> ConnectAsync(RunningNode node, bool unixSocket, string path)
    {
        var socket = unixSocket
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp);
        if (unixSocket) await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
        else await socket.ConnectAsync("127.0.0.1", new Uri(node.Address).Port);
        return socket;
    }

    /// <summary>Ends when the node closes the connection, which it must.</summary>
    private static async Task WriteAndDrainAsync(Socket socket, byte[] garbage)
    {
        using var limit = new CancellationTokenSource(RawSession.CallTimeout);
        var buffer = new byte[4096];
        try
        {
            await socket.SendAsync(garbage, limit.Token);
            socket.Shutdown(SocketShutdown.Send);
            while (await socket.ReceiveAsync(buffer, limit.Token) > 0)
            {
            }
        }
        catch (SocketException exception) when (
            exception.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown or SocketError.NotConnected)
        {
            // Closed with bytes of ours unread.
        }
    }

    private static byte[] Noise(int count)
    {
        var bytes = new byte[count];
        new Random(1).NextBytes(bytes);
        return bytes;
    }
}
