using PrefixCache.Client;
using PrefixCache.Core.Tiers.Gpu;
using PrefixCache.Format.Layouts;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.Server.Options;
using PrefixCache.TestDevices.HostMemory;

namespace PrefixCache.IntegrationTests.Devices;

/// <summary>Workers that compute on a device in whose memory the node keeps what is hit: from the lookup to the bytes.</summary>
public sealed class DevicePlaneTests
{
    private const int Tokens = 150; // four chunks and a part

    private static readonly KvLayout Layout = TestKv.Layout();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Retrieve_HitThatLiesOnTheDevice_IsCopiedWithinIt(bool byHandle)
    {
        var driver = new HostMemoryDriver(new HostMemoryOptions { ExportsHandles = byHandle });
        await using (var node = await RunningNode.StartAsync(Options(driver), TransferPlane.SharedMemory))
        using (var device = new HostMemoryDevice(driver.Gpu))
        {
            await using var client = await ConnectAsync(node.Address, device);
            Assert.True(client.HasDevicePlane);
            await PutAsync(client);
            await PromoteAsync(client, 5);
            var (within, up) = (driver.Gpu.Counts.CopiesWithin, driver.Gpu.Counts.CopiesUp);

            using var buffer = new DeviceBuffer(device, Layout, Tokens);
            await using var reservation = await client.LookupAsync(Layout, TestKv.Tokens(Tokens));
            var loaded = await reservation.RetrieveAsync(buffer.Kv, new TransferOptions { FirstToken = 3, EndToken = Tokens });

            Assert.Equal((Tokens, TransferPlane.Device, loaded.Bytes), (loaded.EndToken, loaded.Plane, loaded.DeviceBytes));
            Assert.Null(TestKv.FindDifference(Layout, TestKv.Tokens(Tokens), buffer.Read(), 3, Tokens - 3));
            // The upload is that of the buffer's zeros.
            Assert.Equal((5, 1), (driver.Gpu.Counts.CopiesWithin - within, driver.Gpu.Counts.CopiesUp - up));
        }

        Assert.Empty(driver.Complaints);
    }

    [Fact]
    public async Task Retrieve_PartOnTheDevice_ComesFromBothAndIsReportedAsThat()
    {
        var driver = new HostMemoryDriver();
        await using var node = await RunningNode.StartAsync(Options(driver), TransferPlane.SharedMemory);
        using var device = new HostMemoryDevice(driver.Gpu);
        await using var client = await ConnectAsync(node.Address, device);
        await PutAsync(client, 64);
        await PromoteAsync(client, 2, 64);
        await PutAsync(client);

        using var buffer = new DeviceBuffer(device, Layout, Tokens);
        await using var reservation = await client.LookupAsync(Layout, TestKv.Tokens(Tokens));
        var loaded = await reservation.RetrieveAsync(buffer.Kv, new TransferOptions { EndToken = Tokens });

        Assert.Equal(Tokens, loaded.Tokens);
        Assert.Equal([(TransferPlane.SharedMemory, 86), (TransferPlane.Device, 64)], loaded.Loads.Select(load => (load.Plane, load.Tokens)));
        Assert.Null(TestKv.FindDifference(Layout, TestKv.Tokens(Tokens), buffer.Read(), 0, Tokens));
        Assert.True(await reservation.ReleaseAsync());
    }

    [Theory]
    [InlineData(TransferSource.Any, TransferPlane.SharedMemory)]
    [InlineData(TransferSource.Host, TransferPlane.SharedMemory)]
    [InlineData(TransferSource.Device, TransferPlane.Device)]
    public async Task Retrieve_IntoHostMemory_ComesFromWhereItIsTold(TransferSource source, TransferPlane plane)
    {
        var driver = new HostMemoryDriver();
        await using var node = await RunningNode.StartAsync(Options(driver), TransferPlane.SharedMemory);
        using var device = new HostMemoryDevice(driver.Gpu);
        await using var client = await ConnectAsync(node.Address, device);
        await PutAsync(client);
        await PromoteAsync(client, 5);

        var memory = new byte[Layout.Shapes[0].PayloadBytes(Tokens)];
        await using var reservation = await client.LookupAsync(Layout, TestKv.Tokens(Tokens));
        var loaded = await reservation.RetrieveAsync(
            TestKv.Memory(Layout, memory, Tokens), new TransferOptions { Source = source, EndToken = Tokens });

        Assert.Equal((Tokens, plane), (loaded.Tokens, loaded.Plane));
        Assert.Null(TestKv.FindDifference(Layout, TestKv.Tokens(Tokens), memory, 0, Tokens));
    }

    [Fact]
    public async Task Retrieve_ProcessesOfTheirOwn_MapWhatTheNodeHandsOut()
    {
        var driver = new HostMemoryDriver();
        await using var node = await RunningNode.StartAsync(Options(driver));
        var instance = Guid.NewGuid().ToString("N");
        await using var scheduler = await WorkerProcess.StartAsync(node.Address, instance, null, TransferPlane.SharedMemory, device: true);
        await using var rank = await WorkerProcess.StartAsync(node.Address, instance, 1, TransferPlane.SharedMemory, device: true);
        var command = new WorkerCommand { Do = "lookup", TwoRanks = true, Tokens = Tokens, OnDevice = true };
        (WorkerProcess Worker, int Shard)[] both = [(scheduler, 0), (rank, 1)];
        var ticket = (await scheduler.DoAsync(command)).Ticket;
        foreach (var (worker, shard) in both) await worker.DoAsync(command with { Do = "store", Ticket = ticket, Shard = shard });
        foreach (var (worker, _) in both.Reverse()) await worker.DoAsync(command with { Do = "release", Ticket = ticket });

        var onDevice = new long[2];
        await Until.TrueAsync(async () =>
        {
            ticket = (await scheduler.DoAsync(command)).Ticket;
            foreach (var (worker, shard) in both)
            {
                var loaded = await worker.DoAsync(command with { Do = "retrieve", Ticket = ticket, Shard = shard });
                Assert.Equal((Tokens, true), (loaded.Loaded, loaded.HasDevicePlane));
                onDevice[shard] = loaded.DeviceBytes;
            }

            foreach (var (worker, _) in both.Reverse()) await worker.DoAsync(command with { Do = "release", Ticket = ticket });
            return onDevice.All(bytes => bytes == TestKv.TwoRankLayout().Shapes[0].PayloadBytes(Tokens));
        }, () => $"{string.Join(", ", onDevice)} bytes came from the device");
    }

    [Fact]
    public async Task Disconnect_NodeIsGone_ItsMemoryIsLetGoOf()
    {
        var driver = new HostMemoryDriver();
        using var device = new HostMemoryDevice(driver.Gpu);
        PrefixCacheClient? client = null;
        await using (var node = await RunningNode.StartAsync(Options(driver), TransferPlane.SharedMemory))
        {
            client = await ConnectAsync(node.Address, device);
            Assert.Equal(1, driver.Gpu.Counts.Imports);
            await node.Node.StopAsync();
            await Until.TrueAsync(() => driver.Gpu.Counts is { Imports: 0, Registrations: 0 }, () => $"{driver.Gpu.Counts}");
            Assert.False(client.HasDevicePlane);
        }

        await client.DisposeAsync();
    }

    [Fact]
    public async Task Reconnect_AnotherNode_MapsItsMemoryAnew()
    {
        var driver = new HostMemoryDriver();
        using var folder = new TemporaryFolder();
        var options = Options(driver) with { Socket = folder.Path("node.sock") };
        using var device = new HostMemoryDevice(driver.Gpu);
        await using var client = await WithNodeAsync(options, async () =>
        {
            var connected = await ConnectAsync("unix://" + options.Socket, device, strict: false);
            await PutAsync(connected);
            await PromoteAsync(connected, 5);
            return connected;
        });
        await Until.TrueAsync(() => !client.IsConnected, () => "The client has not noticed that the node has gone.");
        Assert.False(client.HasDevicePlane);

        await using (await RunningNode.StartAsync(options, TransferPlane.SharedMemory))
        {
            await Until.TrueAsync(() => client.HasDevicePlane, () => "The client has not got the new node's memory.");
            await PutAsync(client);
            await PromoteAsync(client, 5);
            using var buffer = new DeviceBuffer(device, Layout, Tokens);
            await using (var reservation = await client.LookupAsync(Layout, TestKv.Tokens(Tokens)))
            {
                var loaded = await reservation.RetrieveAsync(buffer.Kv, new TransferOptions { EndToken = Tokens });
                Assert.Equal((Tokens, loaded.Bytes), (loaded.Tokens, loaded.DeviceBytes));
            }

            Assert.Equal(1, driver.Gpu.Counts.Imports);
            await client.DisposeAsync();
        }
    }

    private static PrefixCacheNodeOptions Options(HostMemoryDriver driver) => RunningNode.Options() with
    {
        Gpu = new GpuOptions { Capacity = new GpuCapacity(16 << 20), Driver = driver, PromoteAfter = 1 },
    };

    private static async Task<PrefixCacheClient> WithNodeAsync(PrefixCacheNodeOptions options, Func<Task<PrefixCacheClient>> test)
    {
        var node = await Server.PrefixCacheNode.StartAsync(options);
        await using (node) return await test();
    }

    private static async Task<PrefixCacheClient> ConnectAsync(string address, HostMemoryDevice device, bool strict = true)
    {
        var client = await PrefixCacheClient.ConnectAsync(new PrefixCacheClientOptions
        {
            Address = address,
            Strict = strict,
            CallTimeout = TimeSpan.FromSeconds(30),
            Device = device,
        });
        await client.RegisterLayoutAsync(Layout);
        return client;
    }

    private static async Task PutAsync(PrefixCacheClient client, int tokens = Tokens)
    {
        var prompt = TestKv.Tokens(Tokens)[..tokens];
        await using var reservation = await client.LookupAsync(Layout, prompt);
        Assert.Equal(0, (await reservation.StoreAsync(TestKv.Memory(Layout, TestKv.Compute(Layout, prompt), tokens))).Refused);
    }

    /// <summary>Hits a prompt until so many of its blocks lie on the device.</summary>
    private static Task PromoteAsync(PrefixCacheClient client, ulong blocks, int tokens = Tokens) => Until.TrueAsync(async () =>
    {
        await using (await client.LookupAsync(Layout, TestKv.Tokens(Tokens).AsMemory(0, tokens)))
        {
        }

        return (await client.GetStatisticsAsync()).Devices is [{ Moving: 0 } gpu] && gpu.Blocks == blocks;
    }, () => "The hit chunks were not copied to the device.");
}
