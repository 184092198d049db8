using PrefixCache.Core.Blocks;
using PrefixCache.Core.Memory;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Core.Tiers;

/// <summary>Where blocks lie. Every method is called under the node's lock.</summary>
internal interface IBlockTier
{
    /// <summary>What is kept of each chunk beside its payload.</summary>
    RecordPool Records { get; }

    long CapacityBytes { get; }

    /// <summary>A block of that many bytes, rounded to its size class, could exist in an empty tier.</summary>
    bool Fits(long bytes);

    /// <summary>Taking that many bytes would pass the high watermark.</summary>
    bool IsPressed(long bytes);

    /// <summary>Taking that many bytes would leave the tier at the low watermark or under it.</summary>
    bool IsRelieved(long bytes);

    /// <summary>A block to write into, invisible to readers; null when there is no place for it.</summary>
    Block? TryAllocate(ShardShape shape, in SizeClass size);

    /// <summary>Makes a whole block visible to readers.</summary>
    /// <param name="checksums">Of each segment; empty = not sealed yet.</param>
    void Publish(Block block, ulong[] checksums);

    /// <summary>Gives a published block the checksums that its writer did not supply.</summary>
    void Seal(Block block, ulong[] checksums);

    /// <summary>Readers see it gone before its memory can be anybody else's.</summary>
    void Free(Block block);
}
