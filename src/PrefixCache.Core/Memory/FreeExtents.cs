namespace PrefixCache.Core.Memory;

/// <summary>Free ranges, found by best fit and merged with their neighbours.</summary>
/// <param name="granuleBytes">What is taken is a multiple of it, or all that a range has.</param>
/// <param name="unitBytes">Ranges that are shorter are of no use; see <see cref="ShortBytes"/>.</param>
/// <remarks>
/// Best fit closes small gaps first, so that the emptiest stretches get emptier. O(log n) in the number of ranges. Not thread-safe: its
/// owner's lock protects it.
/// </remarks>
internal sealed class FreeExtents(long granuleBytes, long unitBytes)
{
    private readonly SortedSet<Extent> _byLength = new(FreeExtentOrder.Instance);
    private readonly Dictionary<long, long> _lengthByStart = [];
    private readonly Dictionary<long, long> _startByEnd = [];

    public int Count => _byLength.Count;

    public long LargestBytes => _byLength.Count == 0 ? 0 : _byLength.Max.Length;

    /// <summary>Bytes in ranges that are shorter than a unit.</summary>
    public long ShortBytes { get; private set; }

    /// <summary>Bytes in ranges that are shorter than this.</summary>
    public long BytesBelow(long length)
    {
        var bytes = 0L;
        foreach (var extent in _byLength)
        {
            if (extent.Length >= length) break;
            bytes += extent.Length;
        }

        return bytes;
    }

    /// <summary>Takes the first part of the shortest range that is long enough, the lowest among equals.</summary>
    public bool TryTake(long bytes, out Extent taken)
    {
        taken = default;
        if (bytes > LargestBytes) return false;
        var free = _byLength.GetViewBetween(new Extent(0, bytes), new Extent(long.MaxValue, long.MaxValue)).Min;
        Remove(free);
        taken = free with { Length = Math.Min((bytes + granuleBytes - 1) / granuleBytes * granuleBytes, free.Length) };
        if (taken.Length < free.Length) Insert(new Extent(taken.End, free.Length - taken.Length));
        return true;
    }

    /// <summary>Adds a range.</summary>
    /// <param name="extent">No part of it is here.</param>
    /// <param name="within">Neighbours outside of it are left alone.</param>
    /// <returns>The range that it has become part of.</returns>
    public Extent Add(Extent extent, Extent within)
    {
        var (start, end) = (extent.Offset, extent.End);
        if (start > within.Offset && _startByEnd.TryGetValue(start, out var before))
        {
            Remove(new Extent(before, start - before));
            start = before;
        }

        if (end < within.End && _lengthByStart.TryGetValue(end, out var length))
        {
            Remove(new Extent(end, length));
            end += length;
        }

        var merged = new Extent(start, end - start);
        Insert(merged);
        return merged;
    }

    /// <summary>Takes out exactly this range.</summary>
    public void Remove(Extent extent)
    {
        _byLength.Remove(extent);
        _lengthByStart.Remove(extent.Offset);
        _startByEnd.Remove(extent.End);
        if (extent.Length < unitBytes) ShortBytes -= extent.Length;
    }

    private void Insert(Extent extent)
    {
        _byLength.Add(extent);
        _lengthByStart.Add(extent.Offset, extent.Length);
        _startByEnd.Add(extent.End, extent.Offset);
        if (extent.Length < unitBytes) ShortBytes += extent.Length;
    }
}
