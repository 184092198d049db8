namespace PrefixCache.Core.Tiers.Gpu;

/// <summary>What a reservation was told of one shard on one device, and keeps in place there. Protected by the node's lock.</summary>
internal sealed class GpuHold(GpuArena arena, int shard)
{
    public GpuArena Arena => arena;

    public int Shard => shard;

    /// <summary>Chunk positions whose hit was counted: an engine that asks again for one request uses its prefix once.</summary>
    public int Counted { get; set; }

    public HashSet<GpuBlock> Leased { get; } = [];
}
