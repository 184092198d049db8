using PrefixCache.Client;
using PrefixCache.Core.Tiers.Gpu;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.TestDevices.HostMemory;

namespace PrefixCache.IntegrationTests.Soak;

/// <summary>Workers with a device, whose memory has room for a sixth of what they hit, and one without shared memory.</summary>
public sealed class DeviceSoakTests
{
    private const int Clients = 4;

    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Node_WithASmallDevice_ServesRightBytes()
    {
        var driver = new HostMemoryDriver();
        var options = RunningNode.Options(capacityBytes: 6 << 20) with
        {
            Gpu = new GpuOptions { Capacity = new GpuCapacity(1 << 20), Driver = driver, PromoteAfter = 1 },
        };
        await using (var node = await RunningNode.StartAsync(options, TransferPlane.SharedMemory))
        {
            using var end = new CancellationTokenSource(Duration);
            var all = await Task.WhenAll(Enumerable.Range(0, Clients).Select(index => ShareAsync(node, driver.Gpu, index, end.Token)));
            var counts = all.Aggregate((total, one) => total.Plus(one));
            TestContext.Current.TestOutputHelper!.WriteLine($"{counts}");
            Assert.True(counts is { Hits: > 50, Chunks: > 50, Appends: > 0, DeviceBytes: > 1 << 20 }, counts.ToString());
            Assert.True(counts.DeviceBytes < counts.BytesVerified, counts.ToString());
        }

        Assert.Empty(driver.Complaints);
    }

    /// <summary>One client whose transfers overlap; the last has streams alone.</summary>
    private static async Task<ShareCounts> ShareAsync(RunningNode node, HostMemoryGpu gpu, int index, CancellationToken end)
    {
        using var device = new HostMemoryDevice(gpu);
        await using var client = await node.ConnectAsync(
            options => options with { Device = device, SharedMemory = index < Clients - 1 });
        Assert.Equal(index < Clients - 1, client.HasDevicePlane);
        var layout = TestKv.Layout();
        await client.RegisterLayoutAsync(layout, CancellationToken.None);
        var sharers = Enumerable.Range(0, 2).Select(part => new PromptSharer(client, layout, (index * 2) + part)).ToList();
        await Task.WhenAll(sharers.Select(sharer => Task.Run(async () =>
        {
            while (!end.IsCancellationRequested) await sharer.ShareOneAsync(CancellationToken.None);
        }, CancellationToken.None)));
        return sharers.Select(sharer => sharer.Counts).Aggregate((total, one) => total.Plus(one));
    }
}
