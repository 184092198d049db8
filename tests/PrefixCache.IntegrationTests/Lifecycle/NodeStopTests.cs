using PrefixCache.Grpc;
using PrefixCache.Grpc.Health;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.Protocol;

namespace PrefixCache.IntegrationTests.Lifecycle;

public sealed class NodeStopTests
{
    [Fact]
    public async Task Stop_WithTransfersThatNeverEnd_EndsThemAfterTheGrace()
    {
        await using var requester = await Requester.StartAsync(RunningNode.Options() with { DrainGrace = TimeSpan.FromMilliseconds(500) });
        var node = requester.Node.Node;
        using var store = requester.Session.Channel.Duplex(PrefixCacheMethods.Store);
        await store.Requests.WriteAsync(RawStore.Open(requester.Session, requester.Reservation, (1, 32), (2, 32)).Head);
        Assert.True(await store.Responses.MoveNextAsync());

        var stopping = node.StopAsync();
        Assert.True(await requester.Session.Events.MoveNextAsync());
        Assert.Equal(500u, requester.Session.Events.Current.Draining.GraceMs);
        await Fails.WithAsync(StatusCode.Unavailable, "shutting down", () => RawSession.OpenAsync(node.Address));
        await Fails.WithAsync(StatusCode.Unavailable, "shutting down",
            () => requester.Session.Channel.UnaryAsync(HealthService.Check, new HealthCheckRequest()));
        Assert.Equal(2, node.Snapshot().WritingBlocks);
        await Fails.WithAsync(StatusCode.Unavailable, "", () => store.Responses.MoveNextAsync().AsTask());
        await stopping.WaitAsync(RawSession.CallTimeout);
    }

    [Fact]
    public async Task Stop_Twice_IsHarmless()
    {
        await using var node = await RunningNode.StartAsync();
        var client = await node.ConnectAsync();
        await node.Node.StopAsync();
        await node.Node.StopAsync();
        Assert.Equal(0, node.Node.Snapshot().Sessions);
        await Until.TrueAsync(() => !client.IsConnected, () => "The client does not notice.");
    }
}
