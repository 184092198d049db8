using PrefixCache.Grpc;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.Protocol.V1;

namespace PrefixCache.IntegrationTests.Lifecycle;

/// <summary>Claims and waiting lookups as they travel.</summary>
public sealed class ClaimTests
{
    private static readonly KvLayout Layout = RawLayout.Sound();

    [Fact]
    public async Task Claim_OfTwoThatBeginAlike_IsTheFirstOnesAndTheOtherSeesWhatWillCome()
    {
        await using var node = await RunningNode.StartAsync(RunningNode.Options() with { ClaimTimeout = TimeSpan.FromSeconds(7) });
        await using var one = await RawSession.OpenAsync(node.Address);
        await using var two = await RawSession.OpenAsync(node.Address);
        var layoutId = await one.RegisterAsync(Layout);
        var first = await one.LookupAsync(layoutId, Prompt(1));
        Assert.Equal(
            new ClaimResponse { EndToken = 180, TimeoutMs = 7000, NodeOnly = true }, await one.ClaimAsync(first.Reservation));

        var second = await two.LookupAsync(layoutId, Prompt(2));

        Assert.Equal((0u, 120u), (second.HitTokens, second.PendingTokens));
        Assert.Equal(
        [
            new ChunkRun { FirstHandle = 1, Count = 4, Tokens = 32, State = ChunkState.ChunkPending, MissReason = MissReason.MissPending },
            new ChunkRun { FirstHandle = 5, Count = 1, Tokens = 32, MissReason = MissReason.MissNeverSeen },
            new ChunkRun { FirstHandle = 6, Count = 1, Tokens = 20, MissReason = MissReason.MissNeverSeen },
        ], second.Runs);
        Assert.Equal(
            new ClaimResponse { Outcome = ClaimResponse.Types.Outcome.Pending, PendingTokens = 120 },
            await two.ClaimAsync(second.Reservation));
        var statistics = await one.Channel.UnaryAsync(PrefixCache.Protocol.PrefixCacheMethods.GetStatistics, new GetStatisticsRequest());
        Assert.Equal(new ClaimStatistics { Active = 1, Waiting = 1, Granted = 1, Waited = 1 }, statistics.Claims);
        Assert.Equal(
            ClaimResponse.Types.Outcome.Nothing, (await one.ClaimAsync(first.Reservation, letGo: true)).Outcome);
        Assert.Equal(180u, (await two.ClaimAsync(second.Reservation)).EndToken);
    }

    [Fact]
    public async Task Lookup_ThatWaits_IsAnsweredWhenTheOwnerIsGone()
    {
        await using var node = await RunningNode.StartAsync();
        await using var two = await RawSession.OpenAsync(node.Address);
        var layoutId = await two.RegisterAsync(Layout);
        Task<LookupResponse> waiting;
        await using (var one = await RawSession.OpenAsync(node.Address))
        {
            await one.ClaimAsync((await one.LookupAsync(layoutId, Prompt(1))).Reservation);
            waiting = WaitAsync(two, layoutId, 20_000);
            await Until.TrueAsync(() => node.Node.Snapshot().ClaimsWaiting == 1, () => $"{node.Node.Snapshot()}");
            Assert.False(waiting.IsCompleted);
        }

        Assert.Equal(0u, (await waiting).PendingTokens);
    }

    [Fact]
    public async Task Lookup_ThatWaits_IsAnsweredWhenItsTimeIsOverOrTheNodeStops()
    {
        await using var node = await RunningNode.StartAsync();
        await using var one = await RawSession.OpenAsync(node.Address);
        var layoutId = await one.RegisterAsync(Layout);
        await one.ClaimAsync((await one.LookupAsync(layoutId, Prompt(1))).Reservation);

        Assert.Equal(120u, (await WaitAsync(one, layoutId, 20)).PendingTokens);
        Assert.Equal(2, node.Node.Counters.Lookups);

        var waiting = WaitAsync(one, layoutId, 60_000);
        await Until.TrueAsync(() => node.Node.Snapshot().ClaimsWaiting == 2, () => $"{node.Node.Snapshot()}");
        var stopping = node.Node.StopAsync();
        Assert.Equal(120u, (await waiting).PendingTokens);
        await stopping;
    }

    [Fact]
    public async Task Lookup_WhoseCallerIsGone_LeavesNothing()
    {
        await using var node = await RunningNode.StartAsync();
        await using var one = await RawSession.OpenAsync(node.Address);
        var layoutId = await one.RegisterAsync(Layout);
        await one.ClaimAsync((await one.LookupAsync(layoutId, Prompt(1))).Reservation);
        using var gone = new CancellationTokenSource();
        var request = new LookupRequest
        {
            Session = one.Id,
            LayoutId = layoutId,
            RequestId = "gone",
            Policy = new LookupPolicy { WaitMs = 60_000 },
        };
        var call = one.Channel.UnaryAsync(
            PrefixCache.Protocol.PrefixCacheMethods.Lookup, request, new(RawSession.Bytes(Prompt(2))),
            new CallOptions { CancellationToken = gone.Token });
        await Until.TrueAsync(() => node.Node.Snapshot().ClaimsWaiting == 1, () => $"{node.Node.Snapshot()}");
        await gone.CancelAsync();

        await Assert.ThrowsAsync<RpcException>(() => call);
        await Until.TrueAsync(() => node.Node.Snapshot() is { Reservations: 1, ClaimsWaiting: 0 }, () => $"{node.Node.Snapshot()}");
    }

    [Fact]
    public async Task Lookup_ThatWaitsTooLong_IsRefused()
    {
        await using var node = await RunningNode.StartAsync();
        await using var one = await RawSession.OpenAsync(node.Address);
        var layoutId = await one.RegisterAsync(Layout);
        await Fails.WithAsync(StatusCode.InvalidArgument, "wait_ms is 60001", () => WaitAsync(one, layoutId, 60_001));
    }

    private static int[] Prompt(int note) => [.. TestKv.Tokens(120), .. TestKv.Tokens(60, 100 + note)];

    private static Task<LookupResponse> WaitAsync(RawSession session, Google.Protobuf.ByteString layoutId, uint milliseconds) =>
        session.LookupAsync(layoutId, Prompt(2), request => request.Policy = new LookupPolicy { WaitMs = milliseconds });
}
