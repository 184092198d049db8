using System.Diagnostics;
using PrefixCache.GpuCheck.Nodes;
using PrefixCache.GpuCheck.Reporting;
using PrefixCache.GpuCheck.Worker;

namespace PrefixCache.GpuCheck.Checks;

/// <summary>A worker that holds the device's memory is killed in the middle of copies, then the node under its workers.</summary>
internal static class KillChecks
{
    private const int Hits = 8;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    public static async IAsyncEnumerable<CheckRow> RunAsync(CheckContext context)
    {
        var uuid = context.Device.Uuid;
        var node = await CheckNode.StartAsync(CheckNode.Roomy);
        try
        {
            await using var second = await CheckWorker.StartAsync(node.Address, uuid, isStrict: false);
            long misses;
            await using (var first = await CheckWorker.StartAsync(node.Address, uuid, isStrict: false))
            {
                await LoopAsync(first, second);
                misses = (await second.DoAsync("counts")).Misses;
                first.Kill();
                await second.UntilDeviceHitsAsync(Hits, Patience);
            }

            await using var third = await CheckWorker.StartAsync(node.Address, uuid, isStrict: false);
            await LoopAsync(third);
            var (counts, device) = (await second.DoAsync("counts"), await node.DeviceAsync());
            yield return CheckRow.If(
                counts.Misses == misses && device is { On: true, BlocksDamaged: 0 }, "worker killed (-9) in the middle of copies",
                $"another had {counts.DeviceHits} hits of the device, {counts.Misses - misses} misses, all bytes verified; a new one too; "
                + $"the node's device is {(device.On ? "on" : "off: " + device.Cause)}");

            node.Kill();
            var killed = Stopwatch.GetTimestamp();
            await node.DisposeAsync();
            // What the workers ask now is a miss.
            await Task.WhenAll(second.UntilMissesAsync(1, Patience), third.UntilMissesAsync(1, Patience));
            yield return await AfterNodeAsync(second, third);
            node = await CheckNode.StartAsync([.. CheckNode.Roomy, "--listen", new Uri(node.Address).Authority]);
            await Task.WhenAll(second.UntilDeviceHitsAsync(Hits, Patience), third.UntilDeviceHitsAsync(Hits, Patience));
            yield return CheckRow.Passed("a new node is used by the same workers",
                $"{Stopwatch.GetElapsedTime(killed).TotalMilliseconds:0} ms after the kill both have {Hits} hits of its device memory; "
                + "all bytes verified");
            await StopAsync(second, third);
            await node.UntilAsync(now => now is { Leases: 0, Devices: [{ LeasedBlocks: 0, On: true }] }, "no lease is left");
        }
        finally
        {
            await node.DisposeAsync();
        }
    }

    private static async Task LoopAsync(params CheckWorker[] workers)
    {
        foreach (var worker in workers) await worker.DoAsync("loop 4");
        foreach (var worker in workers) await worker.UntilDeviceHitsAsync(Hits, Patience);
    }

    private static async Task StopAsync(params CheckWorker[] workers)
    {
        foreach (var worker in workers) await worker.DoAsync("stop");
    }

    /// <summary>Asking for the counts fails where a byte was wrong, or something came out of the client.</summary>
    private static async Task<CheckRow> AfterNodeAsync(params CheckWorker[] workers)
    {
        var misses = 0L;
        foreach (var worker in workers) misses += (await worker.DoAsync("counts")).Misses;
        return CheckRow.Passed("node killed (-9) under its workers", $"copies ended with right bytes, or as misses ({misses})");
    }
}
