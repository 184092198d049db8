namespace PrefixCache.Core.Memory;

/// <summary>Hands out ranges of an arena: best fit over free extents, neighbours merged when freed. Knows no memory.</summary>
/// <remarks>
/// Best fit keeps large extents whole for large blocks; blocks of one layout have few sizes, so freed ones are refilled exactly.
/// All operations are O(log n) in the number of free extents. Not thread-safe: the caller holds the lock of the tier that owns it.
/// </remarks>
public sealed class BlockAllocator
{
    /// <summary>Allocation unit: one page, so that a block can be registered, advised and mapped alone.</summary>
    public const int GranularityBytes = 4096;

    private readonly SortedSet<Extent> _freeByLength = new(FreeExtentOrder.Instance);
    private readonly Dictionary<long, Extent> _freeByStart = [];
    private readonly Dictionary<long, Extent> _freeByEnd = [];
    private readonly Dictionary<long, Allocation> _allocations = [];

    /// <param name="capacityBytes">Bytes to hand out; rounded down to a multiple of <see cref="GranularityBytes"/>.</param>
    public BlockAllocator(long capacityBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacityBytes, GranularityBytes);
        CapacityBytes = capacityBytes / GranularityBytes * GranularityBytes;
        AddFree(new Extent(0, CapacityBytes));
    }

    /// <summary>Bytes that can be handed out in all.</summary>
    public long CapacityBytes { get; }

    /// <summary>Bytes handed out, rounding included.</summary>
    public long AllocatedBytes { get; private set; }

    /// <summary>Bytes that callers asked for and still hold; the rest of <see cref="AllocatedBytes"/> is lost to rounding.</summary>
    public long UsedBytes { get; private set; }

    /// <summary>Bytes not handed out.</summary>
    public long FreeBytes => CapacityBytes - AllocatedBytes;

    /// <summary>The largest allocation that would succeed now, in bytes.</summary>
    public long LargestFreeBytes => _freeByLength.Count == 0 ? 0 : _freeByLength.Max.Length;

    /// <summary>Free ranges; 1 when nothing is allocated.</summary>
    public int FreeExtentCount => _freeByLength.Count;

    /// <summary>Ranges handed out.</summary>
    public int AllocationCount => _allocations.Count;

    /// <summary>Takes the smallest free extent that is large enough.</summary>
    /// <param name="bytes">Bytes wanted, above 0.</param>
    /// <param name="extent">The range, its length rounded up to <see cref="GranularityBytes"/>.</param>
    /// <returns>False when no free extent is large enough: evict, then try again.</returns>
    public bool TryAllocate(long bytes, out Extent extent)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
        extent = default;
        if (bytes > LargestFreeBytes) return false;

        long rounded = RoundUp(bytes);
        Extent free = _freeByLength.GetViewBetween(new Extent(Offset: 0, rounded), new Extent(long.MaxValue, long.MaxValue)).Min;
        RemoveFree(free);
        if (free.Length > rounded) AddFree(new Extent(free.Offset + rounded, free.Length - rounded));

        extent = new Extent(free.Offset, rounded);
        _allocations.Add(extent.Offset, new Allocation(rounded, bytes));
        AllocatedBytes += rounded;
        UsedBytes += bytes;
        return true;
    }

    /// <summary>Gives a range back and merges it with free neighbours.</summary>
    /// <param name="extent">Exactly what <see cref="TryAllocate"/> returned.</param>
    /// <exception cref="ArgumentException">The range is not allocated: freed twice, or never handed out.</exception>
    public void Free(Extent extent)
    {
        if (!_allocations.TryGetValue(extent.Offset, out Allocation allocation) || allocation.Length != extent.Length)
        {
            throw new ArgumentException(
                $"The extent at offset {extent.Offset} of {extent.Length} bytes is not allocated: it was freed before or never handed out.",
                nameof(extent));
        }

        _allocations.Remove(extent.Offset);
        AllocatedBytes -= allocation.Length;
        UsedBytes -= allocation.RequestedBytes;

        long start = extent.Offset;
        long end = extent.End;
        if (_freeByEnd.TryGetValue(start, out Extent before))
        {
            RemoveFree(before);
            start = before.Offset;
        }

        if (_freeByStart.TryGetValue(end, out Extent after))
        {
            RemoveFree(after);
            end = after.End;
        }

        AddFree(new Extent(start, end - start));
    }

    private static long RoundUp(long bytes) => (bytes + GranularityBytes - 1) / GranularityBytes * GranularityBytes;

    private void AddFree(Extent extent)
    {
        _freeByLength.Add(extent);
        _freeByStart.Add(extent.Offset, extent);
        _freeByEnd.Add(extent.End, extent);
    }

    private void RemoveFree(Extent extent)
    {
        _freeByLength.Remove(extent);
        _freeByStart.Remove(extent.Offset);
        _freeByEnd.Remove(extent.End);
    }

    private readonly record struct Allocation(long Length, long RequestedBytes);
}
