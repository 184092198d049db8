using PrefixCache.Core.Tiers.Gpu;
using PrefixCache.Protocol.V1;

namespace PrefixCache.Server.Wire;

/// <summary>The gpu tier's statistics as messages.</summary>
internal static class GpuMessages
{
    public static void AddGpu(this GetStatisticsResponse response, GpuStatus gpu)
    {
        var devices = gpu.Devices;
        response.Tiers.Add(new TierStatistics
        {
            Tier = Tier.Gpu,
            Blocks = (ulong)devices.Sum(device => (long)device.Blocks),
            CapacityBytes = (ulong)devices.Where(device => device.IsOn).Sum(device => device.CapacityBytes),
            UsedBytes = (ulong)devices.Sum(device => device.UsedBytes),
            AllocatedBytes = (ulong)devices.Sum(device => device.AllocatedBytes),
            WastedBytes = (ulong)devices.Sum(device => device.WastedBytes),
        });
        foreach (var device in devices) response.Devices.Add(device.ToMessage());
    }

    private static DeviceStatistics ToMessage(this GpuDeviceStatus device) => new()
    {
        Uuid = ExtentMessages.ArenaId(device.Identity.Uuid),
        Name = device.Identity.Name,
        On = device.IsOn,
        Cause = device.Cause,
        CapacityBytes = (ulong)device.CapacityBytes,
        UsedBytes = (ulong)device.UsedBytes,
        AllocatedBytes = (ulong)device.AllocatedBytes,
        WastedBytes = (ulong)device.WastedBytes,
        Blocks = (ulong)device.Blocks,
        LeasedBlocks = (ulong)device.LeasedBlocks,
        BlocksPromoted = (ulong)device.BlocksPromoted,
        BytesPromoted = (ulong)device.BytesPromoted,
        PromoteNanoseconds = (ulong)device.PromoteTime.TotalNanoseconds,
        BlocksDemoted = (ulong)device.BlocksDemoted,
        BytesDemoted = (ulong)device.BytesDemoted,
        DemoteNanoseconds = (ulong)device.DemoteTime.TotalNanoseconds,
        BlocksDropped = (ulong)device.BlocksDropped,
        BlocksHit = (ulong)device.BlocksHit,
        PromotionsRefused = (ulong)device.PromotionsRefused,
        BlocksDamaged = (ulong)device.BlocksDamaged,
        Moving = (uint)device.Moving,
    };
}
