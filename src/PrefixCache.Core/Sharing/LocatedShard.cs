using PrefixCache.Core.Blocks;
using PrefixCache.Core.Tiers.Gpu;

namespace PrefixCache.Core.Sharing;

/// <summary>The blocks of one shard of a hit, from chunk position 0 on. They stay in place until the reservation's leases end.</summary>
/// <param name="Shard">Index into the layout's shards.</param>
/// <param name="ArenaId">The arena that they lie in.</param>
/// <param name="Blocks">One per chunk.</param>
public sealed record LocatedShard(int Shard, Guid ArenaId, IReadOnlyList<Block> Blocks)
{
    /// <summary>What of it lies on the session's device as well; null = nothing, or it holds none.</summary>
    public LocatedGpuShard? Gpu { get; init; }
}
