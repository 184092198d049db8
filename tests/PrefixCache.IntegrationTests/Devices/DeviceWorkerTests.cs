using PrefixCache.Client;
using PrefixCache.Format.Layouts;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.TestDevices.HostMemory;

namespace PrefixCache.IntegrationTests.Devices;

/// <summary>Workers that compute on a device, and a node that has no memory there.</summary>
public sealed class DeviceWorkerTests
{
    private const int Tokens = 150; // four chunks and a part

    [Theory]
    [InlineData(TransferPlane.SharedMemory, false)]
    [InlineData(TransferPlane.SharedMemory, true)]
    [InlineData(TransferPlane.Stream, false)]
    [InlineData(TransferPlane.Stream, true)]
    public async Task StoreAndRetrieve_DeviceMemory_BringsTheBytes(TransferPlane plane, bool byLayer)
    {
        var device = new HostMemoryDevice();
        await using (var node = await RunningNode.StartAsync(plane: plane))
        {
            var (layout, tokens) = (TestKv.Layout(), TestKv.Tokens(Tokens));
            await using var client = await ConnectAsync(node, device, plane);
            await client.RegisterLayoutAsync(layout);
            using var buffer = new DeviceBuffer(device, layout, Tokens);
            buffer.Write(TestKv.Compute(layout, tokens));

            await using (var first = await client.LookupAsync(layout, tokens))
            {
                var stored = await first.StoreAsync(buffer.Kv);
                Assert.Equal((5, plane, buffer.Read().LongLength), (stored.Committed, stored.Plane, stored.Bytes));
            }

            using var target = new DeviceBuffer(device, layout, Tokens);
            await using var second = await client.LookupAsync(layout, tokens);
            Assert.Equal(Tokens, second.HitTokens);
            var options = new TransferOptions { FirstToken = 5, EndToken = Tokens - 1, LayerOrder = byLayer };
            var loaded = await second.RetrieveAsync(target.Kv, options);

            Assert.Equal((Tokens - 1, Tokens - 6, plane, 0L), (loaded.EndToken, loaded.Tokens, loaded.Plane, loaded.DeviceBytes));
            Assert.Null(TestKv.FindDifference(layout, tokens, target.Read(), 5, Tokens - 6));
            Assert.False(client.HasDevicePlane);
        }

        device.Dispose();
        Assert.Empty(device.Gpu.Complaints);
    }

    [Fact]
    public async Task Retrieve_MoreThanAWindowThroughAStream_BringsAllOfIt()
    {
        // 128 KiB a token.
        var layout = KvLayout.Uniform("large", "1", KvType.BFloat16, layers: 32, kvHeads: 8, headDimension: 128, chunkTokens: 32);
        const int tokenCount = 300;
        using var device = new HostMemoryDevice();
        await using var node = await RunningNode.StartAsync(RunningNode.Options(128 << 20));
        var tokens = TestKv.Tokens(tokenCount);
        await using var client = await ConnectAsync(node, device, TransferPlane.Stream);
        await client.RegisterLayoutAsync(layout);
        using var buffer = new DeviceBuffer(device, layout, tokenCount);
        buffer.Write(TestKv.Compute(layout, tokens));
        await using (var first = await client.LookupAsync(layout, tokens)) Assert.Equal(10, (await first.StoreAsync(buffer.Kv)).Committed);
        buffer.Write(new byte[buffer.Read().Length]);

        await using var second = await client.LookupAsync(layout, tokens);
        var loaded = await second.RetrieveAsync(buffer.Kv, new TransferOptions { FirstToken = 7 });

        Assert.Equal((tokenCount, (tokenCount - 7) * 131_072L), (loaded.EndToken, loaded.Bytes));
        Assert.Null(TestKv.FindDifference(layout, tokens, buffer.Read(), 7, tokenCount - 7));
    }

    [Fact]
    public async Task Store_OutOfDeviceMemory_IsSealedByTheNodeForReadersOfTheHost()
    {
        using var device = new HostMemoryDevice();
        await using var node = await RunningNode.StartAsync(plane: TransferPlane.SharedMemory);
        var (layout, tokens) = (TestKv.Layout(), TestKv.Tokens(Tokens));
        await using var client = await ConnectAsync(node, device, TransferPlane.SharedMemory);
        await client.RegisterLayoutAsync(layout);
        using var buffer = new DeviceBuffer(device, layout, Tokens);
        buffer.Write(TestKv.Compute(layout, tokens));
        await using (var first = await client.LookupAsync(layout, tokens)) await first.StoreAsync(buffer.Kv);
        var reader = await node.ConnectAsync();
        await reader.RegisterLayoutAsync(layout);

        await using var second = await reader.LookupAsync(layout, tokens);
        var memory = new byte[layout.Shapes[0].PayloadBytes(Tokens)];
        var loaded = await second.RetrieveAsync(TestKv.Memory(layout, memory, Tokens));

        Assert.Equal(Tokens, loaded.Tokens);
        Assert.Null(TestKv.FindDifference(layout, tokens, memory, 0, Tokens));
    }

    [Theory]
    [InlineData(TransferPlane.SharedMemory, DeviceCall.RunCopy)]
    [InlineData(TransferPlane.SharedMemory, DeviceCall.Copy)]
    [InlineData(TransferPlane.Stream, DeviceCall.RunCopy)]
    public async Task Store_DeviceFailsInTheMiddle_LeavesNothingOpenAtTheNode(TransferPlane plane, DeviceCall call)
    {
        using var device = new HostMemoryDevice();
        await using var node = await RunningNode.StartAsync(plane: plane);
        var (layout, tokens) = (TestKv.Layout(), TestKv.Tokens(Tokens));
        var events = new List<ClientEvent>();
        await using var client = await ConnectAsync(node, device, plane, strict: false);
        client.Changed += happened =>
        {
            lock (events) events.Add(happened);
        };
        await client.RegisterLayoutAsync(layout);
        using (var buffer = new DeviceBuffer(device, layout, Tokens))
        {
            device.Gpu.Faults.Fail(call, skip: 2);
            await using var first = await client.LookupAsync(layout, tokens);
            var stored = await first.StoreAsync(buffer.Kv);
            Assert.InRange(stored.Committed, 0, 2);
            Assert.Equal(StoreSummary.Nothing, await first.StoreAsync(buffer.Kv));
        }

        await Until.TrueAsync(
            () => node.Node.Snapshot() is { Leases: 0, WritingBlocks: 0, QuarantinedBlocks: 0 }, () => $"{node.Node.Snapshot()}");
        lock (events)
        {
            Assert.Equal(
                [ClientEventKind.DeviceOff, ClientEventKind.CallFailed, ClientEventKind.CallFailed], events.Select(one => one.Kind));
        }

        // The host's memory serves on.
        await using var second = await client.LookupAsync(layout, tokens);
        var source = TestKv.Memory(layout, TestKv.Compute(layout, tokens), Tokens);
        Assert.Equal(0, (await second.StoreAsync(source)).Refused);
        device.Gpu.Faults.Mend();
    }

    [Fact]
    public async Task Retrieve_RankProcessesWithDevices_LocateTheirShards()
    {
        await using var node = await RunningNode.StartAsync();
        var instance = Guid.NewGuid().ToString("N");
        await using var scheduler = await WorkerProcess.StartAsync(node.Address, instance, null, TransferPlane.SharedMemory, device: true);
        await using var rank = await WorkerProcess.StartAsync(node.Address, instance, 1, TransferPlane.SharedMemory, device: true);
        var command = new WorkerCommand { Do = "lookup", TwoRanks = true, Tokens = Tokens, OnDevice = true };
        var ticket = (await scheduler.DoAsync(command)).Ticket;
        await scheduler.DoAsync(command with { Do = "store", Ticket = ticket });
        var stored = await rank.DoAsync(command with { Do = "store", Ticket = ticket, Shard = 1 });
        Assert.Equal((5, "SharedMemory"), (stored.Committed, stored.Plane));
        await rank.DoAsync(command with { Do = "release", Ticket = ticket });
        await scheduler.DoAsync(command with { Do = "release", Ticket = ticket });

        var hit = await scheduler.DoAsync(command);
        foreach (var (worker, shard) in ((WorkerProcess, int)[])[(scheduler, 0), (rank, 1)])
        {
            var loaded = await worker.DoAsync(command with { Do = "retrieve", Ticket = hit.Ticket, Shard = shard });
            Assert.Equal((Tokens, "SharedMemory", 0L), (loaded.Loaded, loaded.Plane, loaded.DeviceBytes));
        }
    }

    [Fact]
    public async Task Retrieve_ClientWithoutADevice_SaysWhatToSet()
    {
        using var device = new HostMemoryDevice();
        await using var node = await RunningNode.StartAsync();
        var (layout, tokens) = (TestKv.Layout(), TestKv.Tokens(Tokens));
        var client = await node.ConnectAsync();
        await client.RegisterLayoutAsync(layout);
        await using var reservation = await client.LookupAsync(layout, tokens);
        using var buffer = new DeviceBuffer(device, layout, Tokens);

        var exception = await Assert.ThrowsAsync<InvalidOperationException>(async () => await reservation.StoreAsync(buffer.Kv));

        Assert.Contains("PrefixCacheClientOptions.Device", exception.Message, StringComparison.Ordinal);
    }

    private static Task<PrefixCacheClient> ConnectAsync(
        RunningNode node, HostMemoryDevice device, TransferPlane plane, bool strict = true) =>
        PrefixCacheClient.ConnectAsync(new PrefixCacheClientOptions
        {
            Address = node.Address,
            Strict = strict,
            CallTimeout = TimeSpan.FromSeconds(30),
            SharedMemory = plane == TransferPlane.SharedMemory,
            Device = device,
        });
}
