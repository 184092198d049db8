namespace PrefixCache.Core.Tiers.Gpu;

/// <summary>The blocks of one shard of a hit that lie on a device. They stay in place until the reservation's leases end.</summary>
/// <param name="Shard">Index into the layout's shards.</param>
/// <param name="ArenaId">The memory that they lie in.</param>
/// <param name="Blocks">With their chunk positions, rising.</param>
public sealed record LocatedGpuShard(int Shard, Guid ArenaId, IReadOnlyList<LocatedGpuBlock> Blocks)
{
    /// <summary>The chunk at a position is among them.</summary>
    internal bool Has(int position)
    {
        var (first, end) = (0, Blocks.Count);
        while (first < end)
        {
            var middle = (first + end) / 2;
            if (Blocks[middle].Position < position) first = middle + 1;
            else end = middle;
        }

        return first < Blocks.Count && Blocks[first].Position == position;
    }

    /// <summary>Leading chunk positions without a gap.</summary>
    internal int Leading
    {
        get
        {
            var count = 0;
            while (count < Blocks.Count && Blocks[count].Position == count) count++;
            return count;
        }
    }
}
