using PrefixCache.Format.Devices;

namespace PrefixCache.Core.Tiers.Gpu;

/// <summary>One device of the gpu tier at one moment, over all trust domains.</summary>
public sealed record GpuDeviceStatus
{
    /// <summary>Called under the node's lock.</summary>
    internal GpuDeviceStatus(GpuTier tier, GpuDevice device)
    {
        (Identity, IsOn, Cause) = (device.Identity, device.IsOn, device.Cause);
        var arenas = device.Arenas;
        IsSharedByHandle = arenas.Exists(arena => arena.Share.Handle is not null);
        (CapacityBytes, UsedBytes) = (arenas.Sum(arena => arena.CapacityBytes), arenas.Sum(arena => arena.UsedBytes));
        (AllocatedBytes, WastedBytes) = (arenas.Sum(arena => arena.AllocatedBytes), arenas.Sum(arena => arena.WastedBytes));
        (Blocks, LeasedBlocks) = (arenas.Sum(arena => arena.Blocks), arenas.Sum(arena => arena.LeasedBlocks));
        Moving = arenas.Sum(tier.Moving);
        var counters = arenas.ConvertAll(arena => arena.Counters);
        BlocksPromoted = counters.Sum(counter => counter.BlocksPromoted);
        BytesPromoted = counters.Sum(counter => counter.BytesPromoted);
        PromoteTime = TimeSpan.FromTicks(counters.Sum(counter => counter.PromoteTime.Ticks));
        BlocksDemoted = counters.Sum(counter => counter.BlocksDemoted);
        BytesDemoted = counters.Sum(counter => counter.BytesDemoted);
        DemoteTime = TimeSpan.FromTicks(counters.Sum(counter => counter.DemoteTime.Ticks));
        BlocksDropped = counters.Sum(counter => counter.BlocksDropped);
        BlocksHit = counters.Sum(counter => counter.BlocksHit);
        PromotionsRefused = counters.Sum(counter => counter.PromotionsRefused);
        BlocksDamaged = counters.Sum(counter => counter.BlocksDamaged);
    }

    public DeviceIdentity Identity { get; }

    public bool IsOn { get; }

    /// <summary>Why it is off.</summary>
    public string Cause { get; }

    /// <summary>Its memory is named to workers by a handle that ends with the node, not by a descriptor.</summary>
    public bool IsSharedByHandle { get; }

    public long CapacityBytes { get; }

    /// <summary>Payload bytes.</summary>
    public long UsedBytes { get; }

    /// <summary>Payload and what rounding adds.</summary>
    public long AllocatedBytes { get; }

    /// <summary>What rounding adds, and free bytes that no block of the layouts there can use.</summary>
    public long WastedBytes { get; }

    /// <summary>In place.</summary>
    public int Blocks { get; }

    /// <summary>Of those, the ones that reservations and moves keep there.</summary>
    public int LeasedBlocks { get; }

    /// <summary>Blocks and chunks that are being moved, or wait for it.</summary>
    public int Moving { get; }

    /// <summary>Since the start: copied up.</summary>
    public long BlocksPromoted { get; }

    public long BytesPromoted { get; }

    public TimeSpan PromoteTime { get; }

    /// <summary>Copied down.</summary>
    public long BlocksDemoted { get; }

    public long BytesDemoted { get; }

    public TimeSpan DemoteTime { get; }

    /// <summary>Given up without a copy.</summary>
    public long BlocksDropped { get; }

    /// <summary>That lookups told a worker of.</summary>
    public long BlocksHit { get; }

    /// <summary>Not copied up: all that is there is hotter or leased, the queue was full, or the chunk went.</summary>
    public long PromotionsRefused { get; }

    /// <summary>Did not fit their checksums, going up or coming back: not used.</summary>
    public long BlocksDamaged { get; }
}
