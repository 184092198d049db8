namespace PrefixCache.Core.Memory;

/// <summary>
/// Blocks that are kept together because they fit into one another's gaps: whole chunks of one size, or the shorter ones of a layout.
/// </summary>
/// <param name="key">What finds it.</param>
/// <param name="regionBytes">How much memory it takes from the arena at a time, if there is so much in one piece.</param>
internal sealed class Lane(LaneKey key, long regionBytes)
{
    public LaneKey Key { get; } = key;

    public long RegionBytes { get; } = regionBytes;

    /// <summary>Free ranges of its regions; each lies in one region.</summary>
    public FreeExtents Free { get; } = new(BlockAllocator.GranularityBytes, key.UnitBytes);

    /// <summary>Regions that it has.</summary>
    public int Regions { get; set; }

    /// <summary>Bytes of its blocks.</summary>
    public long AllocatedBytes { get; set; }
}
