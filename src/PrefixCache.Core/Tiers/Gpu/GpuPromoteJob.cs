using PrefixCache.Core.Blocks;
using PrefixCache.Format.Devices;

namespace PrefixCache.Core.Tiers.Gpu;

/// <summary>A block that is being copied up. Used by the promoter's thread.</summary>
internal sealed class GpuPromoteJob(GpuBlock block)
{
    public GpuBlock Block => block;

    /// <summary>What is copied, leased meanwhile.</summary>
    public Block? Source { get; set; }

    /// <summary>Reached when the copy has ended.</summary>
    public IDeviceEvent? Copied { get; set; }

    public long Began { get; set; }
}
