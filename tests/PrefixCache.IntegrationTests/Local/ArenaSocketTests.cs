using System.Net.Sockets;
using PrefixCache.Core.Native.Posix;
using PrefixCache.Format.SharedMemory;
using PrefixCache.IntegrationTests.Fixtures;

namespace PrefixCache.IntegrationTests.Local;

/// <summary>What the socket gives, to whom, and what it survives.</summary>
public sealed class ArenaSocketTests
{
    private const uint Nobody = 65534;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Take_OfAWorkerThatStores_BothSidesSeeOneMemory()
    {
        await using var node = new SharingNode();
        await using var worker = node.StartWorker();
        node.Arena.Span(70_000, 4).Fill(0xAB);

        Assert.Equal($"granted 1 {node.Arena.Id} {node.Arena.CapacityBytes} {ControlRegionLayout.RegionBytes(1024)}",
            await worker.TakeAsync(node.OpenSession()));
        Assert.Equal("00abababab00", await worker.DoAsync("read payload 69999 6"));
        Assert.Equal("", await worker.DoAsync("write 5 0102"));
        Assert.Equal([0, 1, 2, 0], node.Arena.Span(4, 4).ToArray());
        Assert.Equal(Convert.ToHexStringLower("PFXCTRL1"u8), await worker.DoAsync("read control 0 8"));
    }

    [Theory]
    [InlineData("can control write", "EPERM")]
    [InlineData("pwrite control", "EPERM")]
    [InlineData("truncate control", "EPERM")]
    [InlineData("truncate payload", "EPERM")]
    public async Task Take_ControlRegionAndSizes_AreBeyondEveryWorker(string attempt, string error)
    {
        await using var node = new SharingNode();
        await using var worker = node.StartWorker();
        Assert.StartsWith("granted 1", await worker.TakeAsync(node.OpenSession()), StringComparison.Ordinal);

        Assert.Equal(error, await worker.DoAsync(attempt));
    }

    [Fact]
    public async Task Take_ReadOnlySession_ReadsThePayloadAndCannotWriteIt()
    {
        await using var node = new SharingNode();
        await using var worker = node.StartWorker();
        node.Arena.Span(0, 1)[0] = 7;

        Assert.StartsWith("granted 0", await worker.TakeAsync(node.OpenSession(isReadOnly: true)), StringComparison.Ordinal);

        Assert.Equal("07", await worker.DoAsync("read payload 0 1"));
        Assert.Equal("EACCES", await worker.DoAsync("can payload write"));
        Assert.Equal("EBADF", await worker.DoAsync("pwrite payload"));
    }

    [Fact]
    public async Task Take_ReadOnlySessionOfAnotherUser_CannotReopenThePayloadForWriting()
    {
        await using var node = new SharingNode("", Nobody);
        await using var worker = node.StartWorker();
        if (!SharingNode.CanBecomeAnother)
        {
            Assert.Equal("EPERM", await worker.DoAsync($"become {Nobody}"));
            return;
        }

        await worker.DoAsync($"become {Nobody}");
        Assert.StartsWith("granted 0", await worker.TakeAsync(node.OpenSession(isReadOnly: true)), StringComparison.Ordinal);

        Assert.Equal("EACCES", await worker.DoAsync("reopen payload"));
        Assert.Equal("EACCES", await worker.DoAsync("reopen control"));
    }

    [Fact]
    public async Task Take_UserThatIsNotNamed_IsRefusedWithTheFix()
    {
        await using var node = new SharingNode("", Nobody - 1);
        await using var worker = node.StartWorker();
        if (!SharingNode.CanBecomeAnother)
        {
            Assert.Equal("EPERM", await worker.DoAsync($"become {Nobody}"));
            return;
        }

        await worker.DoAsync($"become {Nobody}");
        Assert.Equal($"refused User {Nobody} may not map this node's memory: run the worker as the node's user, or add it to "
            + "shared-memory-users.", await worker.TakeAsync(node.OpenSession()));
    }

    [Fact]
    public async Task Take_StrangersHoldEveryPlace_TheNodesOwnUserIsServed()
    {
        await using var node = new SharingNode();
        await using var stranger = node.StartWorker();
        await using var worker = node.StartWorker();
        if (!SharingNode.CanBecomeAnother)
        {
            Assert.Equal("EPERM", await stranger.DoAsync($"become {Nobody}"));
            return;
        }

        await stranger.DoAsync($"become {Nobody}");
        // More than there are places for handshakes; time stands still, so none of them is ever late.
        await stranger.DoAsync("hold 100");

        Assert.StartsWith("granted 1", await worker.TakeAsync(node.OpenSession()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("4745542f20485454502f312e310d0a0d0a202020202020202020202020202020202020202020202020")]
    [InlineData("5046584152454E41020000000000000000000000000000000000000000000000000000000000000000")]
    public async Task Take_NoRequestOfThisVersion_IsRefused(string request)
    {
        await using var node = new SharingNode();
        await using var worker = node.StartWorker();

        var answer = await worker.DoAsync("ask " + request[..80]);

        Assert.StartsWith("refused The request is none of version 1", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Take_SessionThatIsUnknownOrEnded_IsRefused()
    {
        await using var node = new SharingNode();
        await using var worker = node.StartWorker();
        var session = node.Open();
        node.Cache.Sessions.End(session);

        Assert.StartsWith("refused The session", await worker.TakeAsync(session.Id.ToArray()), StringComparison.Ordinal);
        Assert.StartsWith("refused The session", await worker.TakeAsync(new byte[16]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Take_MoreBytesThanARequest_IsAnsweredAll()
    {
        await using var node = new SharingNode();
        await using var worker = node.StartWorker();
        var request = Convert.ToHexString(ArenaHandover.Request(node.OpenSession()));

        // Beyond the request nothing is read: the answer lies ready although the connection ends with bytes unread.
        await worker.DoAsync("ask " + request + new string('0', 20_000));
        Assert.StartsWith("granted 1", await worker.TakeAsync(node.OpenSession()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Take_RequestThatNeverComesWhole_IsEndedInTimeAndFreesItsPlace()
    {
        await using var node = new SharingNode();
        await using var slow = node.StartWorker();
        await using var worker = node.StartWorker();
        // As many as there are places, each with half a request; the next worker has to wait.
        for (var i = 0; i < 64; i++) await slow.DoAsync("begin 5046584152454E41");
        await Until.TrueAsync(() => node.Clock.Timers == 64, () => $"{node.Clock.Timers} handshakes run");
        var taken = worker.TakeAsync(node.OpenSession());

        node.Clock.Advance(TimeSpan.FromSeconds(4));
        Assert.False(taken.IsCompleted);
        node.Clock.Advance(TimeSpan.FromSeconds(2));

        Assert.StartsWith("granted 1", await taken.WaitAsync(Limit), StringComparison.Ordinal);
        Assert.Equal("1", await slow.DoAsync("ended"));
    }

    [Fact]
    public async Task Take_Refusals_AreLoggedSeldomAndWithoutSessions()
    {
        await using var node = new SharingNode();
        await using var worker = node.StartWorker();
        var session = Enumerable.Range(0xA0, 16).Select(i => (byte)i).ToArray();

        for (var i = 0; i < 5; i++) await worker.TakeAsync(session);
        var message = Assert.Single(node.Log.Messages);
        Assert.Contains($"process {worker.Id} of user {PosixUser.Current}", message, StringComparison.Ordinal);
        Assert.DoesNotContain("a0a1", message, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(Convert.ToBase64String(session)[..6], message, StringComparison.Ordinal);

        node.Clock.Advance(TimeSpan.FromSeconds(11));
        await worker.TakeAsync(session);
        Assert.Equal(2, node.Log.Messages.Count);
    }

    [Fact]
    public async Task Take_WithDescriptorsThatNobodyAskedFor_KeepsNone()
    {
        await using var node = new SharingNode();
        await using var worker = node.StartWorker();
        using var folder = new TemporaryFolder();
        var marked = folder.Write("marked", "x");
        var request = Convert.ToHexString(ArenaHandover.Request(node.OpenSession()));
        var number = await worker.DoAsync("file " + marked);

        Assert.StartsWith("granted 1", await worker.DoAsync($"ask {request} {number} {number} {number}"), StringComparison.Ordinal);

        Assert.Equal(0, SharingNode.OpenDescriptors(marked));
    }

    [Fact]
    public async Task Take_ByTheClient_GivesTheNodesArena()
    {
        await using var node = new SharingNode();
        node.Arena.Span(12, 1)[0] = 34;

        using var view = await ArenaConnector.ConnectAsync(node.Socket.Address, node.OpenSession(), CancellationToken.None);

        Assert.Equal(node.Arena.Id, view.ArenaId);
        Assert.Equal(34, Byte(view, 12));
    }

    [Fact]
    public async Task Take_ByTheClientRefused_ThrowsTheNodesReason()
    {
        await using var node = new SharingNode();

        var exception = await Assert.ThrowsAsync<ArenaRefusedException>(
            () => ArenaConnector.ConnectAsync(node.Socket.Address, new byte[16], CancellationToken.None));

        Assert.Contains("The session is unknown", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Take_AfterTheNodeIsGone_IsRefusedByTheSystem()
    {
        var node = new SharingNode();
        var session = node.OpenSession();
        await node.DisposeAsync();

        await Assert.ThrowsAsync<SocketException>(
            () => ArenaConnector.ConnectAsync(node.Socket.Address, session, CancellationToken.None));
    }

    private static unsafe byte Byte(ArenaView view, long offset) => *view.Payload(offset, 1);
}
