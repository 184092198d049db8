using PrefixCache.Core.Reservations;
using PrefixCache.Grpc;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.Protocol.V1;

namespace PrefixCache.IntegrationTests.BadInput;

public sealed class LimitTests
{
    private const int TokensLimit = (64 << 20) + (128 << 10);

    [Theory]
    [InlineData("OpenSession", 4 << 20)]
    [InlineData("RegisterLayout", 4 << 20)]
    [InlineData("Lookup", TokensLimit)]
    [InlineData("Append", TokensLimit)]
    [InlineData("Retrieve", 4 << 20)]
    [InlineData("Store", 4 << 20)]
    [InlineData("Fetch", TokensLimit)]
    [InlineData("Pin", TokensLimit)]
    [InlineData("Unpin", 4 << 20)]
    [InlineData("Release", 4 << 20)]
    [InlineData("GetStatistics", 4 << 20)]
    [InlineData("ClearNamespace", 4 << 20)]
    public async Task EveryCall_AnnouncingAMessageOverItsLimit_IsRefusedBeforeItComes(string method, int limit)
    {
        await using var node = await RunningNode.StartAsync();
        var before = node.Node.Snapshot();
        foreach (var length in new[] { (uint)limit + 1, uint.MaxValue })
        {
            var (status, message) = await RawHttp.PostAsync(node.Address, method, RawHttp.FrameHead(length));
            Assert.Equal(((int)StatusCode.ResourceExhausted).ToString(provider: null), status);
            Assert.Contains($"message of {length} bytes is over the limit of {limit} bytes", message, StringComparison.Ordinal);
        }

        Assert.Equal(before, node.Node.Snapshot());
    }

    [Theory]
    [InlineData("session", "1 sessions are open, the limit: raise max-sessions")]
    [InlineData("layout", "The node knows 1 layouts, its limit: raise max-layouts")]
    [InlineData("reservation", "1 reservations are out, the limit")]
    public async Task EveryThingThatCallersTake_HasALimit(string what, string says)
    {
        var limits = new ReservationLimits { MaxSessions = 1, MaxLayouts = 1, MaxReservations = 1 };
        await using var requester = await Requester.StartAsync(RunningNode.Options() with { Limits = limits });
        await Fails.WithAsync(StatusCode.ResourceExhausted, says, () => what switch
        {
            "session" => RawSession.OpenAsync(requester.Node.Address),
            "layout" => requester.Session.RegisterAsync(RawLayout.TwoRanks()),
            _ => requester.Session.LookupAsync(requester.LayoutId, Requester.Tokens),
        });
        await requester.AssertUnchangedAsync();
    }

    [Fact]
    public async Task ReservedTokens_OverTheirLimit_AreRefusedInLookupAndAppend()
    {
        var limits = new ReservationLimits { MaxTokens = 100, MaxReservedTokens = 100 };
        await using var requester = await Requester.StartAsync(RunningNode.Options() with { Limits = limits });
        const string Says = "All reservations together hold 64 tokens, the limit is 100: release some";
        await Fails.WithAsync(StatusCode.ResourceExhausted, Says,
            () => requester.Session.LookupAsync(requester.LayoutId, TestKv.Tokens(37)));
        int[] longer = [.. Requester.Tokens, .. TestKv.Tokens(36)];
        Assert.Equal(4, (await requester.Session.LookupAsync(requester.LayoutId, longer,
            request => request.RequestId = "first")).Runs.Sum(run => (int)run.Count));
        await Fails.WithAsync(StatusCode.InvalidArgument, "101 tokens",
            () => requester.Session.AppendAsync(requester.Reservation, 100, [1]));
        await requester.Session.ReleaseAsync(requester.Reservation);
        Assert.Equal((0, 0L), (requester.Node.Node.Snapshot().Reservations, requester.Node.Node.Snapshot().ReservedTokens));
    }

    [Fact]
    public async Task Store_WhenAllIsLeased_IsRefusedWithARetryHintAndNothingElseFails()
    {
        var options = RunningNode.Options(capacityBytes: 1 << 20);
        var layout = TestKv.Layout();
        await using var node = await RunningNode.StartAsync(options);
        await using var session = await RawSession.OpenAsync(node.Address);
        var layoutId = await session.RegisterAsync(RawLayout.Sound());
        var tokens = TestKv.Tokens(32 * 20);
        var answer = await session.LookupAsync(layoutId, tokens);
        var offers = Enumerable.Range(1, 20).Select(handle => ((ulong)handle, 32u)).ToArray();
        var messages = Enumerable.Range(0, 15).Select(position =>
            RawStore.Chunk(layout, tokens, position)).Prepend(RawStore.Open(session, answer.Reservation, offers));
        var stored = await session.StoreAsync([.. messages]);
        var plan = stored[0].Plan;
        Assert.Equal(15, plan.Decisions.Count(decision => decision.Action == StoreDecision.Types.Action.Wanted));
        Assert.All(plan.Decisions.Skip(15), decision => Assert.Equal(
            (StoreDecision.Types.Action.Refused, StoreDecision.Types.Reason.NoMemory, 100u),
                (decision.Action, decision.Reason, decision.RetryAfterMs)));
        Assert.Equal(15, stored.Count(message => message.Result is not null));
        Assert.True(node.Node.Snapshot().AllocatedBytes <= node.Node.Snapshot().CapacityBytes);
        Assert.Equal(5, node.Node.Counters.StoresRefused);
    }

    [Fact]
    public async Task Store_OfAChunkLargerThanTheTier_IsRefusedAsTooLarge()
    {
        await using var node = await RunningNode.StartAsync(RunningNode.Options(capacityBytes: 1 << 20));
        await using var session = await RawSession.OpenAsync(node.Address);
        var layoutId = await session.RegisterAsync(RawLayout.Sound(chunkTokens: 1024));
        var answer = await session.LookupAsync(layoutId, TestKv.Tokens(1024));
        var decision = Assert.Single((await session.StoreAsync(RawStore.Open(session, answer.Reservation, (1, 1024))))[0].Plan.Decisions);
        Assert.Equal((StoreDecision.Types.Action.Refused, StoreDecision.Types.Reason.TooLarge), (decision.Action, decision.Reason));
        Assert.Equal(0, node.Node.Snapshot().Blocks);
    }
}
