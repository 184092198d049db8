using PrefixCache.Format.Native.Cuda;
using PrefixCache.GpuCheck.Nodes;
using PrefixCache.GpuCheck.Reporting;
using PrefixCache.GpuCheck.Worker;
using PrefixCache.Protocol.V1;

namespace PrefixCache.GpuCheck.Checks;

/// <summary>Thousands of promotions and demotions: nothing is left of them, neither in the node nor on the device.</summary>
internal static class SmallMoveChecks
{
    private static readonly string[] Options = [.. CheckNode.OnDevice("16MiB", "16MiB"), "--eviction", "lru"];

    public static async IAsyncEnumerable<CheckRow> RunAsync(CheckContext context)
    {
        var name = $"{context.SmallMoves:#,0} promotions and demotions";
        using var device = CudaDriver.Instance.Open(context.Device.Uuid);
        await using var node = await CheckNode.StartAsync(Options);
        await using var worker = await CheckWorker.StartAsync(node.Address, context.Device.Uuid);

        // What driver, node and worker take once for themselves.
        await worker.DoAsync("moves 128");
        var (before, free) = (await SettleAsync(node), device.FreeBytes);
        await worker.DoAsync($"moves {context.SmallMoves}");
        var (after, left) = (await SettleAsync(node), device.FreeBytes);

        var (up, down) = (after.BlocksPromoted - before.BlocksPromoted, after.BlocksDemoted - before.BlocksDemoted);
        var isEnough = up >= (ulong)context.SmallMoves && down >= (ulong)context.SmallMoves;
        yield return CheckRow.If(isEnough && after is { On: true, BlocksDamaged: 0 }, name,
            $"{up:#,0} up, {down:#,0} down, {after.BlocksDamaged} damaged; all bytes verified in both places {after.Cause}".TrimEnd());
        yield return CheckRow.If(
            after is { Blocks: 0, AllocatedBytes: 0, LeasedBlocks: 0, Moving: 0 }, "node's blocks on the device afterwards",
            $"{after.Blocks} blocks, {after.AllocatedBytes} B allocated, {after.LeasedBlocks} leased");
        yield return CheckRow.If(left >= free, "device's free memory afterwards", $"{free:#,0} B before, {left:#,0} B after");
    }

    private static async Task<DeviceStatistics> SettleAsync(CheckNode node)
    {
        await node.ClearAsync();
        await node.UntilAsync(now => now is { Leases: 0, Devices: [{ Moving: 0, Blocks: 0 }] }, "nothing is on the device, or on its way");
        return await node.DeviceAsync();
    }
}
