using PrefixCache.GpuCheck.Memory;
using PrefixCache.GpuCheck.Nodes;
using PrefixCache.GpuCheck.Processes;
using PrefixCache.GpuCheck.Reporting;
using PrefixCache.GpuCheck.Worker;

namespace PrefixCache.GpuCheck.Checks;

/// <summary>How fast chunks of Llama 3.1 8B go up to the device and come back down, by the node's own clock.</summary>
internal static class MoveChecks
{
    /// <summary>The host tier has room for one prompt: storing the next two pushes it out.</summary>
    private static readonly string[] Options = [.. CheckNode.OnDevice("160MiB", "256MiB"), "--eviction", "lru"];

    public static async IAsyncEnumerable<CheckRow> RunAsync(CheckContext context)
    {
        await using var node = await CheckNode.StartAsync(Options);
        await using var worker = await CheckWorker.StartAsync(node.Address, context.Device.Uuid);
        var plain = await worker.DoAsync($"plain {context.Rounds}");
        var bytes = KvPattern.Llama(0).Bytes;
        List<double> up = [], down = [];
        for (var round = 0; round < Math.Max(context.Rounds / 5, 1); round++)
        {
            var before = await node.DeviceAsync();
            await worker.DoAsync($"store {10 + round}");
            await worker.DoAsync($"promote {10 + round}");
            var promoted = await node.DeviceAsync();
            up.Add(Seconds(promoted.PromoteNanoseconds - before.PromoteNanoseconds, promoted.BytesPromoted - before.BytesPromoted));
            await worker.DoAsync($"store {100 + (2 * round)}");
            await worker.DoAsync($"store {101 + (2 * round)}");
            await worker.DoAsync($"fresh {10 + round}");
            var demoted = await node.DeviceAsync();
            down.Add(Seconds(demoted.DemoteNanoseconds - promoted.DemoteNanoseconds, demoted.BytesDemoted - promoted.BytesDemoted));
            await node.ClearAsync();
        }

        const string Note = "the node's own time for it; all bytes verified";
        yield return CheckRow.Speed("promotion", bytes, up, plain.Requests, null, Note);
        yield return CheckRow.Speed("demotion", bytes, down, plain.Plain, null, Note + ", with their checksums");
    }

    /// <summary>What a prompt's bytes took, from what those took that moved.</summary>
    private static double Seconds(ulong nanoseconds, ulong moved) => moved == 0
        ? throw new CheckException("Nothing was moved.")
        : nanoseconds / 1e9 * KvPattern.Llama(0).Bytes / moved;
}
