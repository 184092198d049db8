namespace PrefixCache.Core.Tiers.Gpu;

/// <summary>Where a chunk's shard stands on one device.</summary>
internal enum GpuBlockState
{
    /// <summary>It is not there; how often it was hit is remembered.</summary>
    Absent,

    /// <summary>It is to be copied up, and has no memory yet.</summary>
    Queued,

    /// <summary>It has memory, which a copy is being written into.</summary>
    Copying,

    /// <summary>Workers may read it.</summary>
    InPlace,
}
