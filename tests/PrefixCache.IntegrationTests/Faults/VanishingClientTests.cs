using System.Buffers;
using PrefixCache.Core.Statistics;
using PrefixCache.Grpc;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.Protocol;
using PrefixCache.Protocol.V1;

namespace PrefixCache.IntegrationTests.Faults;

public sealed class VanishingClientTests
{
    /// <summary>16 MiB: more than what fits into every window and buffer between node and client.</summary>
    private static readonly int[] LongPrompt = TestKv.Tokens(8192);

    [Fact]
    public async Task Store_CutHalfWay_FreesItsBlocksAndLeavesTheReservation()
    {
        await using var requester = await Requester.StartAsync();
        await using var proxy = new CutProxy(requester.Node.Address);
        using var channel = RawSession.OpenChannel(proxy.Address);
        using var call = await BeginStoreAsync(requester, channel);
        proxy.Cut();
        await requester.AssertUnchangedAsync();
        Assert.Equal(2, requester.Node.Node.Counters.StoresAborted);
        await requester.StoreAllAsync();
    }

    [Fact]
    public async Task Process_CutHalfWayThroughAStore_LeavesNothing()
    {
        await using var node = await RunningNode.StartAsync();
        var empty = node.Node.Snapshot();
        await using var proxy = new CutProxy(node.Address);
        await using var session = await RawSession.OpenAsync(proxy.Address);
        var answer = await session.LookupAsync(await session.RegisterAsync(RawLayout.Sound()), Requester.Tokens);
        using var call = session.Channel.Duplex(PrefixCacheMethods.Store);
        await SendHalfAsync(call, RawStore.Open(session, answer.Reservation, (1, 32), (2, 32)).Head);
        Assert.Equal(2, node.Node.Snapshot().WritingBlocks);
        proxy.Cut();
        await ReachesAsync(node, empty);
    }

    [Fact]
    public async Task Store_CancelledHalfWay_FreesItsBlocks()
    {
        await using var requester = await Requester.StartAsync();
        using (await BeginStoreAsync(requester, requester.Session.Channel)) Assert.Equal(2, requester.Node.Node.Snapshot().WritingBlocks);
        await requester.AssertUnchangedAsync();
    }

    [Fact]
    public async Task Store_ThatSendsNothingForItsTime_IsEndedAndFreed()
    {
        await using var requester = await Requester.StartAsync(
            RunningNode.Options() with { StoreIdleTimeout = TimeSpan.FromMilliseconds(200) });
        using var call = await BeginStoreAsync(requester, requester.Session.Channel);
        await Fails.WithAsync(StatusCode.Aborted, "The store sent nothing for 0.2 s and was ended: open another",
            () => call.Responses.MoveNextAsync().AsTask());
        await requester.AssertUnchangedAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Store_InterruptedWithinAMessage_IsEndedAndFreed(bool cut)
    {
        await using var requester = await Requester.StartAsync(
            RunningNode.Options() with { StoreIdleTimeout = TimeSpan.FromMilliseconds(300) });
        await using var proxy = new CutProxy(requester.Node.Address);
        using var channel = RawSession.OpenChannel(proxy.Address);
        using var call = await BeginStoreAsync(requester, channel);
        proxy.HoldAfter(1000);
        var (part, payload) = RawStore.Part(1, 32 << 10, new byte[32 << 10]);
        await call.Requests.WriteAsync(part, new ReadOnlySequence<byte>(payload));
        if (cut) proxy.Cut();
        else await Fails.WithAsync(StatusCode.Aborted, "The store sent nothing", () => call.Responses.MoveNextAsync().AsTask());
        await requester.AssertUnchangedAsync();
        Assert.Equal(2, requester.Node.Node.Counters.StoresAborted);
    }

    [Fact]
    public async Task Store_ThatIsNeverOpened_IsEnded()
    {
        await using var requester = await Requester.StartAsync(
            RunningNode.Options() with { StoreIdleTimeout = TimeSpan.FromMilliseconds(200) });
        using var call = requester.Session.Channel.Duplex(PrefixCacheMethods.Store);
        await Fails.WithAsync(StatusCode.Aborted, "The store sent nothing", () => call.Responses.MoveNextAsync().AsTask());
        await requester.AssertUnchangedAsync();
    }

    [Fact]
    public async Task Store_WhoseSessionEnds_IsEndedAndFreed()
    {
        await using var node = await RunningNode.StartAsync();
        var empty = node.Node.Snapshot();
        using var channel = RawSession.OpenChannel(node.Address);
        using var call = channel.Duplex(PrefixCacheMethods.Store);
        await using (var session = await RawSession.OpenAsync(node.Address))
        {
            var answer = await session.LookupAsync(await session.RegisterAsync(RawLayout.Sound()), Requester.Tokens);
            await SendHalfAsync(call, RawStore.Open(session, answer.Reservation, (1, 32), (2, 32)).Head);
        }

        await Fails.WithAsync(StatusCode.Aborted, "The session that this transfer belongs to has ended: open one",
            () => call.Responses.MoveNextAsync().AsTask());
        await ReachesAsync(node, empty);
    }

    [Fact]
    public async Task Retrieve_NotReadForItsTime_IsCutOffAndItsLeasesEnd()
    {
        await using var node = await RunningNode.StartAsync(
            RunningNode.Options() with { WriteStallTimeout = TimeSpan.FromMilliseconds(400) });
        await using var session = await RawSession.OpenAsync(node.Address);
        var (reservation, reserved) = await StoreLongPromptAsync(node, session);
        using var call = session.Channel.ServerStreaming(PrefixCacheMethods.Retrieve,
            new RetrieveRequest { Session = session.Id, Reservation = reservation });
        await Until.TrueAsync(() => node.Node.Snapshot().Leases > reserved.Leases, () => "The retrieve does not begin.");
        await ReachesAsync(node, reserved);
        Assert.True(node.Node.Counters.BytesRetrieved < 16 << 20);
        await Fails.WithAsync(StatusCode.Cancelled, "", () => ReadToEndAsync(call.Responses));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Retrieve_CutHalfWay_EndsItsLeases(bool cancelled)
    {
        await using var node = await RunningNode.StartAsync();
        await using var session = await RawSession.OpenAsync(node.Address);
        var (reservation, reserved) = await StoreLongPromptAsync(node, session);
        await using var proxy = new CutProxy(node.Address);
        using var channel = RawSession.OpenChannel(proxy.Address);
        using (var call = channel.ServerStreaming(PrefixCacheMethods.Retrieve,
            new RetrieveRequest { Session = session.Id, Reservation = reservation }))
        {
            Assert.True(await call.Responses.MoveNextAsync());
            Assert.Equal(reserved.Leases * 2, node.Node.Snapshot().Leases);
            if (!cancelled) proxy.Cut();
        }

        await ReachesAsync(node, reserved);
    }

    private static async Task<DuplexCall<StoreRequest, StoreResponse>> BeginStoreAsync(Requester requester, RpcChannel channel)
    {
        var call = channel.Duplex(PrefixCacheMethods.Store);
        await SendHalfAsync(call, RawStore.Open(requester.Session, requester.Reservation, (1, 32), (2, 32)).Head);
        return call;
    }

    /// <summary>Sends half of the first chunk and returns when the node has planned for both.</summary>
    private static async Task SendHalfAsync(DuplexCall<StoreRequest, StoreResponse> call, StoreRequest open)
    {
        await call.Requests.WriteAsync(open);
        Assert.True(await call.Responses.MoveNextAsync());
        var (part, payload) = RawStore.Part(1, 0, new byte[32 << 10]);
        await call.Requests.WriteAsync(part, new ReadOnlySequence<byte>(payload));
    }

    private static async Task<(ulong Reservation, CacheSnapshot Reserved)> StoreLongPromptAsync(RunningNode node, RawSession session)
    {
        var layout = TestKv.Layout();
        var client = await node.ConnectAsync();
        await client.RegisterLayoutAsync(layout);
        await using (var writer = await client.LookupAsync(layout, LongPrompt))
            await writer.StoreAsync(TestKv.Memory(layout, new byte[layout.Shapes[0].PayloadBytes(LongPrompt.Length)], LongPrompt.Length));
        var answer = await session.LookupAsync(await session.RegisterAsync(RawLayout.Sound()), LongPrompt);
        Assert.Equal((uint)LongPrompt.Length, answer.HitTokens);
        return (answer.Reservation, node.Node.Snapshot());
    }

    private static async Task ReadToEndAsync(MessageReader<RetrieveResponse> reader)
    {
        while (await reader.MoveNextAsync())
        {
        }
    }

    private static Task ReachesAsync(RunningNode node, CacheSnapshot expected) => Until.TrueAsync(
        () => node.Node.Snapshot() == expected, () => $"The node should be {expected} and is {node.Node.Snapshot()}.");
}
