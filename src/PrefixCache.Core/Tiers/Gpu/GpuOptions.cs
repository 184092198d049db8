using PrefixCache.Format.Devices;

namespace PrefixCache.Core.Tiers.Gpu;

/// <summary>Size and behaviour of the gpu tier.</summary>
public sealed record GpuOptions
{
    /// <summary>Of each device.</summary>
    public GpuCapacity Capacity { get; init; }

    /// <summary>UUIDs of the devices to use, as their driver's tools write them; empty = all that this process may use.</summary>
    public IReadOnlyList<Guid> Devices { get; init; } = [];

    /// <summary>A chunk is copied up when a worker of the device has hit it so often, of late.</summary>
    public int PromoteAfter { get; init; } = 2;

    /// <summary>Blocks that may wait to be copied up, per device.</summary>
    public int MaxQueued { get; init; } = 1024;

    /// <summary>What finds the devices.</summary>
    public IDeviceDriver? Driver { get; init; }
}
