using PrefixCache.Client;
using PrefixCache.Core.Claims;
using PrefixCache.IntegrationTests.Fixtures;
using ClaimOutcome = PrefixCache.Client.ClaimOutcome;

namespace PrefixCache.IntegrationTests.Lifecycle;

public sealed class AcquireTests
{
    private static readonly int[] First = [.. TestKv.Tokens(120), .. TestKv.Tokens(60, 101)];
    private static readonly int[] Second = [.. TestKv.Tokens(120), .. TestKv.Tokens(60, 102)];

    [Fact]
    public async Task Acquire_WhileAnotherComputes_WaitsAndGetsTheRest()
    {
        await using var node = await RunningNode.StartAsync();
        var (one, two, layout) = await ConnectAsync(node);
        await using var first = await one.AcquireAsync(layout, First);
        var waiting = two.AcquireAsync(layout, Second).AsTask();
        await Until.TrueAsync(() => node.Node.Snapshot().ClaimsWaiting == 1, () => $"{node.Node.Snapshot()}");
        Assert.False(waiting.IsCompleted);

        await first.StoreAsync(TestKv.Memory(layout, TestKv.Compute(layout, First), First.Length));

        await using var second = await waiting;
        Assert.Equal((120, 120), (second.HitTokens, second.PendingTokens));
        var claim = await second.ClaimAsync(cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(new ClaimResult(ClaimOutcome.Granted, 120, 180, 0, TimeSpan.FromSeconds(10), true), claim);
        Assert.Equal(1, node.Node.Counters.ClaimsEndedBy(ClaimEnd.Completed));
    }

    [Fact]
    public async Task Acquire_TimeIsOver_ComputesToo()
    {
        await using var node = await RunningNode.StartAsync();
        var (one, two, layout) = await ConnectAsync(node);
        await using var first = await one.AcquireAsync(layout, First);

        var options = new LookupOptions { MaxWait = TimeSpan.FromMilliseconds(50) };
        await using var second = await two.AcquireAsync(layout, Second, options, TestContext.Current.CancellationToken);

        Assert.Equal((0, 120, true), (second.HitTokens, second.PendingTokens, second.IsLive));
        Assert.Equal(1, node.Node.Snapshot().Claims);
    }

    [Fact]
    public async Task Acquire_GivenUp_LeavesNothing()
    {
        await using var node = await RunningNode.StartAsync();
        var (one, two, layout) = await ConnectAsync(node);
        await using var first = await one.AcquireAsync(layout, First);
        using var cancelled = new CancellationTokenSource();
        var waiting = two.AcquireAsync(layout, Second, null, cancelled.Token).AsTask();
        await Until.TrueAsync(() => node.Node.Snapshot().ClaimsWaiting == 1, () => $"{node.Node.Snapshot()}");
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await Until.TrueAsync(() => node.Node.Snapshot() is { Reservations: 1, ClaimsWaiting: 0 }, () => $"{node.Node.Snapshot()}");
    }

    [Fact]
    public async Task Acquire_NodeGoesMeanwhile_IsAMissAtOnce()
    {
        var node = await RunningNode.StartAsync();
        await using var one = await ConnectLooseAsync(node);
        await using var two = await ConnectLooseAsync(node);
        var layout = TestKv.Layout();
        await one.RegisterLayoutAsync(layout, TestContext.Current.CancellationToken);
        await two.RegisterLayoutAsync(layout, TestContext.Current.CancellationToken);
        await one.AcquireAsync(layout, First, null, TestContext.Current.CancellationToken);
        var waiting = two.AcquireAsync(layout, Second, null, TestContext.Current.CancellationToken).AsTask();
        await Until.TrueAsync(() => node.Node.Snapshot().ClaimsWaiting == 1, () => $"{node.Node.Snapshot()}");
        await node.Node.StopAsync();

        await using var second = await waiting.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.Equal(0, second.HitTokens);
        await using var third = await two.AcquireAsync(layout, Second, null, TestContext.Current.CancellationToken);
        Assert.Equal((0, false), (third.HitTokens, third.IsLive));
        Assert.Equal(ClaimOutcome.Unknown, (await third.ClaimAsync(cancellationToken: TestContext.Current.CancellationToken)).Outcome);
        await node.DisposeAsync();
    }

    [Fact]
    public async Task Acquire_NodeKnowsNoClaims_IsALookup()
    {
        await using var old = await Attack.HostileNode.StartAsync();
        await using var client = await PrefixCacheClient.ConnectAsync(
            new PrefixCacheClientOptions { Address = old.Address }, null, TestContext.Current.CancellationToken);

        await using var reservation = await client.AcquireAsync(TestKv.Layout(), First, null, TestContext.Current.CancellationToken);

        Assert.Equal((true, 0), (reservation.IsLive, reservation.HitTokens));
        Assert.Single(old.Lookups);
    }

    private static async Task<(PrefixCacheClient One, PrefixCacheClient Two, Format.Layouts.KvLayout Layout)> ConnectAsync(RunningNode node)
    {
        var (one, two, layout) = (await node.ConnectAsync(), await node.ConnectAsync(), TestKv.Layout());
        await one.RegisterLayoutAsync(layout);
        await two.RegisterLayoutAsync(layout);
        return (one, two, layout);
    }

    private static Task<PrefixCacheClient> ConnectLooseAsync(RunningNode node) => PrefixCacheClient.ConnectAsync(
        new PrefixCacheClientOptions { Address = node.Address, SharedMemory = false }, null, TestContext.Current.CancellationToken);
}
