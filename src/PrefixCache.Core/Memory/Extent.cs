namespace PrefixCache.Core.Memory;

/// <summary>A contiguous range of an arena.</summary>
/// <param name="Offset">First byte, counted from the arena's start.</param>
/// <param name="Length">Bytes; of an allocated extent a multiple of <see cref="BlockAllocator.GranularityBytes"/>.</param>
public readonly record struct Extent(long Offset, long Length)
{
    /// <summary>First byte behind the extent.</summary>
    public long End => Offset + Length;
}
