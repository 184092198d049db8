using PrefixCache.GpuCheck.Nodes;
using PrefixCache.GpuCheck.Reporting;
using PrefixCache.GpuCheck.Worker;

namespace PrefixCache.GpuCheck.Checks;

/// <summary>A device without the memory that the node, or a worker, wants of it.</summary>
internal static class MemoryChecks
{
    private const string Reason = "gpu-capacity is";

    public static async IAsyncEnumerable<CheckRow> RunAsync(CheckContext context)
    {
        var tooMuch = $"{(context.Device.TotalBytes >> 20) * 2}MiB";
        await using (var node = await CheckNode.StartAsync(CheckNode.OnDevice("512MiB", tooMuch)))
        {
            await using var worker = await CheckWorker.StartAsync(node.Address, context.Device.Uuid);
            await worker.DoAsync("store 3");
            await worker.DoAsync("fresh 3");
            var says = node.Line(Reason);
            yield return CheckRow.If(says is not null, "node out of device memory: serves, and says so",
                says?[says.IndexOf(Reason, StringComparison.Ordinal)..] ?? "The node's log does not name gpu-capacity.");
        }

        await using (var node = await CheckNode.StartAsync(CheckNode.Roomy))
        {
            await using var worker = await CheckWorker.StartAsync(node.Address, context.Device.Uuid);
            await using var other = await CheckWorker.StartAsync(node.Address, context.Device.Uuid);
            await worker.DoAsync("store 3");
            await worker.DoAsync("promote 3");
            var refused = await worker.DoAsync("allocate");
            await worker.DoAsync("measure 3 Device Contiguous 1");
            await other.DoAsync("measure 3 Device Contiguous 1");
            yield return CheckRow.Passed("worker out of device memory: it and another go on", refused.Note);
        }
    }
}
