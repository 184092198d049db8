using PrefixCache.Client;
using PrefixCache.IntegrationTests.Fixtures;

namespace PrefixCache.IntegrationTests.Attack;

/// <summary>Clients that go away in the middle of a granted store.</summary>
public sealed class SharedPlaneTests
{
    [Fact]
    public async Task Client_DisposedInItsStore_LeavesNothingInQuarantineWhileItsProcessLives()
    {
        await using var node = await RunningNode.StartAsync(plane: TransferPlane.SharedMemory);
        var client = await PrefixCacheClient.ConnectAsync(
            new PrefixCacheClientOptions { Address = node.Address }, null, TestContext.Current.CancellationToken);
        Assert.Equal(TransferPlane.SharedMemory, client.Plane);
        var layout = TestKv.Layout();
        await client.RegisterLayoutAsync(layout, TestContext.Current.CancellationToken);
        var tokens = TestKv.Tokens(128);
        var reservation = await client.LookupAsync(layout, tokens, null, TestContext.Current.CancellationToken);
        var kv = TestKv.Memory(layout, TestKv.Compute(layout, tokens), 128);
        using var gate = new GatedKvMemory(kv, 64);
        var store = Task.Run(async () => await reservation.StoreAsync(gate));
        await gate.Reached;
        await client.DisposeAsync();
        gate.Open();
        await Record.ExceptionAsync(() => store);

        // The process goes on with another client, which is as much its writer as the first was.
        await node.ConnectAsync();
        await Until.TrueAsync(() => node.Node.Snapshot() is { WritingBlocks: 0, QuarantinedBlocks: 0, QuarantinedBytes: 0 },
            () => $"The blocks do not come back: {node.Node.Snapshot()}");
    }
}
