using PrefixCache.Client;
using PrefixCache.GpuCheck.Copies;
using PrefixCache.GpuCheck.Memory;
using PrefixCache.GpuCheck.Nodes;
using PrefixCache.GpuCheck.Reporting;
using PrefixCache.GpuCheck.Worker;

namespace PrefixCache.GpuCheck.Checks;

/// <summary>900 tokens of Llama 3.1 8B out of the node's memories into a worker's on the device, each byte verified each time.</summary>
internal static class HitChecks
{
    private static readonly (string Name, TransferSource Source, double Bar)[] Tiers =
        [("gpu", TransferSource.Device, CopyBars.Device), ("host", TransferSource.Host, CopyBars.Host)];

    private static readonly Dictionary<DestinationShape, string> Shapes = new()
    {
        [DestinationShape.Contiguous] = "contiguous",
        [DestinationShape.Paged] = "16-token pages",
        [DestinationShape.PagedByLayer] = "16-token pages, an allocation a layer",
    };

    public static async IAsyncEnumerable<CheckRow> RunAsync(CheckContext context)
    {
        await using var node = await CheckNode.StartAsync(CheckNode.Roomy);
        await using var worker = await CheckWorker.StartAsync(node.Address, context.Device.Uuid);
        await worker.DoAsync("store 1");
        await worker.DoAsync("promote 1");
        foreach (var (tier, source, bar) in Tiers)
        {
            foreach (var (shape, name) in Shapes)
            {
                var times = await worker.DoAsync($"measure 1 {source} {shape} {context.Rounds}");
                var bytes = KvPattern.Llama(1).Bytes;

                // Engines that have no single allocation pay for each: shown, for no one copy has it to be compared with.
                yield return CheckRow.Speed($"hit from {tier}: {name}", bytes, times.Retrieves, times.Plain,
                    shape == DestinationShape.PagedByLayer ? null : bar, "all bytes verified");
                if (shape == DestinationShape.Contiguous)
                    yield return CheckRow.Speed($"hit from {tier}: lookup, load, release", bytes, times.Requests, times.Plain, null);
            }
        }

        var device = await node.DeviceAsync();
        yield return CheckRow.If(device is { On: true, BlocksDamaged: 0 }, "node after the hits",
            device.On ? $"{device.BlocksHit} blocks hit, {device.BlocksDamaged} damaged" : device.Cause);
    }
}
