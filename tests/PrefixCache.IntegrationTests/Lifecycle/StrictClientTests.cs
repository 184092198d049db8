using PrefixCache.Client;
using PrefixCache.IntegrationTests.Fixtures;

namespace PrefixCache.IntegrationTests.Lifecycle;

public sealed class StrictClientTests
{
    /// <summary>A port that nobody listens on: the discard service's.</summary>
    private const string Nowhere = "http://127.0.0.1:9";

    [Fact]
    public async Task Connect_ToNobody_ThrowsWhenStrict()
    {
        var exception = await Assert.ThrowsAsync<PrefixCacheException>(
            () => PrefixCacheClient.ConnectAsync(new PrefixCacheClientOptions { Address = Nowhere, Strict = true }));
        Assert.StartsWith(Nowhere, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EveryCall_WithoutANode_IsAMissWithAnEventUnlessStrict()
    {
        var events = new EventLog();
        var (layout, tokens) = (TestKv.Layout(), TestKv.Tokens(40));
        await using var client = await PrefixCacheClient.ConnectAsync(new PrefixCacheClientOptions { Address = Nowhere }, events.Add);
        Assert.Equal((false, 1), (client.IsConnected, events.Count(ClientEventKind.Disconnected)));
        await client.RegisterLayoutAsync(layout);
        await using var lookup = await client.LookupAsync(layout, tokens);
        Assert.Equal((false, 0, 40), (lookup.IsLive, lookup.HitTokens, lookup.TotalTokens));
        var memory = TestKv.Memory(layout, TestKv.Compute(layout, tokens), 40);
        Assert.Equal(0, (await lookup.RetrieveAsync(memory)).Tokens);
        Assert.Equal(0, (await lookup.StoreAsync(memory)).Committed);
        var rank = client.OpenReservation(layout, ReservationTicket.Parse(lookup.Ticket.ToString()));
        Assert.Equal((0, 0), ((await rank.RetrieveAsync(memory)).Tokens, (await rank.StoreAsync(memory)).Committed));
    }

    [Fact]
    public async Task EveryCall_AfterTheNodeHasGone_ThrowsWhenStrict()
    {
        await using var node = await ServeProcess.StartAsync();
        var events = new EventLog();
        await using var client = await PrefixCacheClient.ConnectAsync(
            new PrefixCacheClientOptions { Address = node.Address, Strict = true }, events.Add);
        var (layout, tokens) = (TestKv.Layout(), TestKv.Tokens(40));
        await client.RegisterLayoutAsync(layout);
        var lookup = await client.LookupAsync(layout, tokens);
        var memory = TestKv.Memory(layout, TestKv.Compute(layout, tokens), 40);
        node.Kill();
        await events.WaitForAsync(ClientEventKind.Disconnected, 1);
        await Assert.ThrowsAsync<PrefixCacheException>(() => client.LookupAsync(layout, tokens).AsTask());
        await Assert.ThrowsAsync<PrefixCacheException>(() => lookup.StoreAsync(memory).AsTask());
        await Assert.ThrowsAsync<PrefixCacheException>(() => lookup.AppendAsync(tokens).AsTask());
        await Assert.ThrowsAsync<PrefixCacheException>(() => lookup.ReleaseAsync().AsTask());
        await lookup.DisposeAsync();
    }

    [Fact]
    public async Task Lookup_ThatTheNodeRefuses_IsAMissWithTheNodesReason()
    {
        await using var node = await RunningNode.StartAsync();
        var events = new EventLog();
        await using var client = await PrefixCacheClient.ConnectAsync(new PrefixCacheClientOptions { Address = node.Address }, events.Add);
        await using (var lookup = await client.LookupAsync(TestKv.Layout("never registered"), TestKv.Tokens(40)))
            Assert.False(lookup.IsLive);
        Assert.Equal(1, events.Count(ClientEventKind.CallFailed));
        Assert.True(client.IsConnected);
    }

    [Fact]
    public async Task Call_CancelledByItsCaller_IsCancelledAndNoMiss()
    {
        await using var node = await RunningNode.StartAsync();
        var client = await node.ConnectAsync(options => options with { Strict = false });
        await client.RegisterLayoutAsync(TestKv.Layout());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => client.LookupAsync(TestKv.Layout(), TestKv.Tokens(40), null, new CancellationToken(true)).AsTask());
    }

    [Fact]
    public void Ticket_ThatIsNone_IsRefused() => Assert.Throws<FormatException>(() => ReservationTicket.Parse("no ticket"));
}
