using PrefixCache.Core.Memory;

namespace PrefixCache.Core.Tiers.Host;

/// <summary>Size and behaviour of the host tier.</summary>
public sealed record HostTierOptions
{
    /// <summary>Payload bytes, reserved at start.</summary>
    public long CapacityBytes { get; init; } = 4L << 30;

    /// <summary>Which pages the memory lies in.</summary>
    public HugePages HugePages { get; init; } = HugePages.Auto;

    /// <summary>Pin the memory where the limit on locked memory allows it.</summary>
    public bool LockPages { get; init; } = true;

    /// <summary>
    /// Eviction starts when a store would fill more than this part of the capacity, above <see cref="LowWatermark"/> to 1.
    /// </summary>
    public double HighWatermark { get; init; } = 0.95;

    /// <summary>And goes on until no more than this part is filled.</summary>
    public double LowWatermark { get; init; } = 0.90;

    /// <summary>Writers get no shared memory while more than this part of the arena is quarantined.</summary>
    public double MaxQuarantine { get; init; } = 0.10;

    /// <summary>Check the checksums that a writer to shared memory supplies, before its chunk becomes visible.</summary>
    public bool VerifyCommits { get; init; }

    /// <summary>Most blocks; 0 = one per 64 KiB of capacity, from 1,024 to 1,048,576.</summary>
    public int MaxBlocks { get; init; }

    /// <summary>False simulates any capacity on any machine: nothing may touch the payload then.</summary>
    internal bool ReserveMemory { get; init; } = true;

    internal int BlockCount => MaxBlocks > 0 ? MaxBlocks : (int)Math.Clamp(CapacityBytes >> 16, 1024, 1 << 20);
}
