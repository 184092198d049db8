using PrefixCache.Client;
using PrefixCache.Client.Memory;
using PrefixCache.Core.Reservations;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.Protocol.V1;

namespace PrefixCache.IntegrationTests.Attack;

/// <summary>What must not stop a worker: nodes that lie or are silent, listeners that throw, requests that are given up.</summary>
public sealed class ClientTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly Format.Layouts.KvLayout Layout = TestKv.Layout();
    private static readonly Format.Layouts.KvLayout Refused = Format.Layouts.KvLayout.Uniform(
        "refused", "1", Format.Layouts.KvType.BFloat16, 1, 1, 64, 32);

    [Fact]
    public async Task Connect_ListenerThrows_ConnectsAndCallsAreMisses()
    {
        await using var node = await RunningNode.StartAsync();
        await using var proxy = new CutProxy(node.Address);
        await using var client = await PrefixCacheClient.ConnectAsync(
            new PrefixCacheClientOptions { Address = proxy.Address }, _ => throw new InvalidOperationException("listener")).WaitAsync(
                Patience);
        Assert.True(client.IsConnected);

        Assert.Equal(0, (await client.LookupAsync(Layout, TestKv.Tokens(32))).HitTokens); // the layout is unknown: an event
        proxy.Cut();
        await Until.TrueAsync(() => !client.IsConnected, () => "still connected");
        await Until.TrueAsync(() => client.IsConnected, () => "does not connect again");
    }

    [Fact]
    public async Task Connect_OptionsThatCannotBeSent_FailsInsteadOfWaitingForever()
    {
        await using var node = await RunningNode.StartAsync();
        var options = new PrefixCacheClientOptions { Address = node.Address, InstanceId = null!, Strict = true };
        await Assert.ThrowsAsync<PrefixCacheException>(() => PrefixCacheClient.ConnectAsync(options).WaitAsync(Patience));
    }

    [Fact]
    public async Task Connect_NodeThatNeverAnswers_ReturnsUnconnected()
    {
        await using var node = await HostileNode.StartAsync(opens: false);
        var options = new PrefixCacheClientOptions { Address = node.Address, OpenTimeout = TimeSpan.FromMilliseconds(200) };
        await using var client = await PrefixCacheClient.ConnectAsync(options).WaitAsync(Patience);
        Assert.False(client.IsConnected);
    }

    [Fact]
    public async Task Dispose_Twice_IsHarmless()
    {
        await using var node = await RunningNode.StartAsync();
        var client = await PrefixCacheClient.ConnectAsync(new PrefixCacheClientOptions { Address = node.Address });
        await client.DisposeAsync();
        await client.DisposeAsync();
        Assert.Equal(0, (await client.LookupAsync(Layout, TestKv.Tokens(32))).HitTokens);
    }

    [Fact]
    public async Task Lookup_GivenUpByItsCaller_IsFoundAgainAndReleased()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var node = await HostileNode.StartAsync(lookup: async (_, call) =>
        {
            if (asked.Task.IsCompleted) return new LookupResponse { Reservation = 7 };
            asked.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, call.CancellationToken);
            return new LookupResponse();
        });
        await using var client = await PrefixCacheClient.ConnectAsync(
            new PrefixCacheClientOptions { Address = node.Address, CallTimeout = Patience });
        using var cancellation = new CancellationTokenSource();
        var lookup = client.LookupAsync(Layout, TestKv.Tokens(64), cancellationToken: cancellation.Token).AsTask();
        await asked.Task.WaitAsync(Patience);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => lookup);
        await Until.TrueAsync(() => node.Released.Contains(7UL), () => "not released");
        var lookups = node.Lookups.ToArray();
        Assert.Equal((lookups[0].RequestId, 64, lookups[0].RequestId, 1),
            (lookups[0].RequestId, lookups[0].Tokens, lookups[1].RequestId, lookups[1].Tokens));
    }

    [Fact]
    public async Task Lookup_MoreTokensFoundThanAsked_IsAMiss()
    {
        await using var node = await HostileNode.StartAsync(
            lookup: (_, _) => Task.FromResult(new LookupResponse { Reservation = 1, HitTokens = 33 }));
        await using var client = await PrefixCacheClient.ConnectAsync(new PrefixCacheClientOptions { Address = node.Address });
        Assert.Equal(0, (await client.LookupAsync(Layout, TestKv.Tokens(32))).HitTokens);
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(2UL)]
    [InlineData(ulong.MaxValue)]
    public async Task Store_PlanForAnotherHandle_ReadsNothingElseAndFailsQuietly(ulong handle)
    {
        var plan = new StorePlan { Decisions = { new StoreDecision { Handle = handle, Action = StoreDecision.Types.Action.Wanted } } };
        await using var node = await HostileNode.StartAsync(plan: plan);
        var events = new EventLog();
        await using var client = await PrefixCacheClient.ConnectAsync(
            new PrefixCacheClientOptions { Address = node.Address, TransferTimeout = TimeSpan.FromSeconds(1) }, events.Add);
        await using var reservation = await client.LookupAsync(Layout, TestKv.Tokens(32));
        var memory = new ContiguousKvMemory(new byte[Layout.Shapes[0].PayloadBytes(32)], Layout.Shapes[0], 32);

        var summary = await reservation.StoreAsync(memory).AsTask().WaitAsync(Patience);

        Assert.Equal((0, 0L), (summary.Committed, summary.Bytes));
        await events.WaitForAsync(ClientEventKind.CallFailed, 1);
    }

    [Fact]
    public async Task Release_GivenUp_IsSentByDispose()
    {
        await using var node = await RunningNode.StartAsync();
        await using var client = await PrefixCacheClient.ConnectAsync(new PrefixCacheClientOptions { Address = node.Address });
        await client.RegisterLayoutAsync(Layout);
        await using (var reservation = await client.LookupAsync(Layout, TestKv.Tokens(32)))
        {
            Assert.Equal(1, node.Node.Snapshot().Reservations);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                () => reservation.ReleaseAsync(null, new CancellationToken(true)).AsTask());
        }

        Assert.Equal(0, node.Node.Snapshot().Reservations);
    }

    [Fact]
    public async Task RegisterLayout_Refused_DoesNotKeepTheClientFromConnectingAgain()
    {
        await using var node = await RunningNode.StartAsync(
            RunningNode.Options() with { Limits = new ReservationLimits { MaxLayouts = 1 } });
        await using var proxy = new CutProxy(node.Address);
        await using var client = await PrefixCacheClient.ConnectAsync(new PrefixCacheClientOptions { Address = proxy.Address });
        await client.RegisterLayoutAsync(Layout);
        await Assert.ThrowsAsync<PrefixCacheException>(() => client.RegisterLayoutAsync(Refused));

        proxy.Cut();

        await Until.TrueAsync(() => !client.IsConnected, () => "still connected");
        await Until.TrueAsync(() => client.IsConnected, () => "does not connect again");
        await using var reservation = await client.LookupAsync(Layout, TestKv.Tokens(32));
        Assert.True(reservation.IsLive);
    }
}
