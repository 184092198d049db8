using System.Net.Sockets;
using PrefixCache.Core.Memory;
using PrefixCache.Core.Native.Posix;
using PrefixCache.Format.Native.Posix;
using PrefixCache.Format.SharedMemory;

namespace PrefixCache.IntegrationTests.Local;

/// <summary>What a client makes of nodes that answer wrongly, or not at all.</summary>
public sealed class ArenaConnectorTests : IDisposable
{
    private readonly string _address = $"@prefixcache-test-{Guid.NewGuid():N}";
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Arena _arena = Arena.Create(new ArenaOptions { CapacityBytes = 8_192 });
    private readonly ControlRegion _control;

    public ArenaConnectorTests()
    {
        _control = ControlRegion.Create(_arena, 4);
        _listener.Bind(new UnixDomainSocketEndPoint("\0" + _address[1..]));
        _listener.Listen();
    }

    private ArenaReply Sound => new(true, true, _arena.Id, _arena.CapacityBytes, _control.File.Length, "");

    [Fact]
    public async Task Connect_ReplyInPieces_IsPutTogether()
    {
        using var view = await ConnectAsync(node =>
        {
            var reply = ArenaHandover.Reply(Sound);
            DescriptorSocket.Send(node, reply.AsSpan(0, 1), [_control.File.Handle, _arena.File.Handle]);
            foreach (var part in reply[1..].Chunk(7)) node.Send(part);
        });

        Assert.Equal(_arena.Id, view.ArenaId);
    }

    [Fact]
    public async Task Connect_ReplyOfAnotherProtocol_IsNoNode()
    {
        var exception = await Assert.ThrowsAsync<IOException>(() => ConnectAsync(node => node.Send(new byte[200])));

        Assert.Contains("no PrefixCache node", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(59)]
    public async Task Connect_ClosedBeforeTheReplyIsWhole_SaysSo(int bytes)
    {
        var exception = await Assert.ThrowsAsync<IOException>(() => ConnectAsync(node =>
        {
            if (bytes > 0) node.Send(ArenaHandover.Reply(Sound).AsSpan(0, bytes));
        }));

        Assert.Contains("closed the shared-memory socket", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4)]
    public async Task Connect_AnotherNumberOfDescriptors_IsRefusedAndNoneKept(int count)
    {
        var name = $"wrong-{Guid.NewGuid():N}";
        using var file = MemoryFile.Create(name, 4_096);

        var exception = await Assert.ThrowsAsync<IOException>(() => ConnectAsync(node =>
        {
            if (count == 0) node.Send(ArenaHandover.Reply(Sound));
            else DescriptorSocket.Send(node, ArenaHandover.Reply(Sound), [.. Enumerable.Repeat(file.Handle, count)]);
        }));

        Assert.Contains($"sent {count} descriptors", exception.Message, StringComparison.Ordinal);
        Assert.Equal(1, SharingNode.OpenDescriptors(name));
    }

    [Fact]
    public async Task Connect_MemoryThatIsNoArena_IsRefusedAndNoneKept()
    {
        var name = $"wrong-{Guid.NewGuid():N}";
        using var file = MemoryFile.Create(name, 8_192);

        await Assert.ThrowsAsync<IOException>(() => ConnectAsync(
            node => DescriptorSocket.Send(node, ArenaHandover.Reply(Sound), [file.Handle, file.Handle])));

        Assert.Equal(1, SharingNode.OpenDescriptors(name));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Connect_OtherMemoryThanSaid_IsRefused(bool otherId)
    {
        var said = otherId ? Sound with { ArenaId = Guid.NewGuid() } : Sound with { ArenaBytes = 4_096 };

        var exception = await Assert.ThrowsAsync<IOException>(() => ConnectAsync(
            node => DescriptorSocket.Send(node, ArenaHandover.Reply(said), [_control.File.Handle, _arena.File.Handle])));

        Assert.Contains("other memory than it said", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connect_RefusedBeforeTheRequestIsRead_ThrowsTheReason()
    {
        // The refusal may come before, while or after the request is sent; the outcome is the same.
        for (var i = 0; i < 50; i++)
        {
            var connecting = ArenaConnector.ConnectAsync(_address, new byte[16], CancellationToken.None);
            using (var node = await _listener.AcceptAsync(TestContext.Current.CancellationToken))
                node.Send(ArenaHandover.Reply(ArenaReply.Refused("Do otherwise.")));

            Assert.Equal("Do otherwise.", (await Assert.ThrowsAsync<ArenaRefusedException>(() => connecting)).Message);
        }
    }

    [Fact]
    public async Task Connect_NodeSaysNothing_EndsWhenCancelled()
    {
        using var cancellation = new CancellationTokenSource();
        var connecting = ArenaConnector.ConnectAsync(_address, new byte[16], cancellation.Token);
        using var node = await _listener.AcceptAsync(TestContext.Current.CancellationToken);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting);
    }

    public void Dispose()
    {
        _listener.Dispose();
        _control.Dispose();
        _arena.Dispose();
    }

    private async Task<ArenaView> ConnectAsync(Action<Socket> answer)
    {
        var connecting = ArenaConnector.ConnectAsync(_address, new byte[16], CancellationToken.None);
        using (var node = await _listener.AcceptAsync(TestContext.Current.CancellationToken))
        {
            var request = new byte[ArenaHandover.RequestBytes];
            for (var read = 0; read < request.Length;) read += await node.ReceiveAsync(request.AsMemory(read));
            answer(node);
        }

        return await connecting;
    }
}
