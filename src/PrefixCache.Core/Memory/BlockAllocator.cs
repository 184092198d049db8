using System.Numerics;

namespace PrefixCache.Core.Memory;

/// <summary>Hands out ranges of an arena to blocks of several layouts side by side. Knows no memory.</summary>
/// <remarks>
/// The arena consists of equal frames (the last may be shorter). A run of frames, a region, belongs to one lane: whole chunks of one size,
/// which refill one another's places exactly, or shorter chunks in steps of 16 tokens, by best fit. So a large block never looks for a
/// place among the gaps of small ones. A region whose last block goes is every lane's at once, so memory follows the load.
/// All operations are O(log n) in the number of free ranges. Not thread-safe: the caller holds the lock of the tier that owns it.
/// </remarks>
public sealed class BlockAllocator
{
    /// <summary>Blocks begin and end at pages, so that one can be registered, advised and mapped alone.</summary>
    public const int GranularityBytes = 4096;

    /// <summary>Large enough for two whole chunks of a model with 128 KiB a token; larger ones would be long in becoming empty.</summary>
    private const long MaxFrameBytes = 64L << 20;

    /// <summary>A small arena must serve several lanes.</summary>
    private const int MinFrames = 64;

    private readonly FreeExtents _frames;
    private readonly Region?[] _regions;
    private readonly Dictionary<LaneKey, Lane> _lanes = [];
    private readonly Dictionary<long, Allocation> _allocations = [];

    /// <param name="capacityBytes">Bytes to hand out; rounded down to a multiple of <see cref="GranularityBytes"/>.</param>
    public BlockAllocator(long capacityBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacityBytes, GranularityBytes);
        CapacityBytes = capacityBytes / GranularityBytes * GranularityBytes;
        FrameBytes = Math.Clamp((long)BitOperations.RoundUpToPowerOf2((ulong)(CapacityBytes / MinFrames) + 1) / 2, GranularityBytes,
            MaxFrameBytes);
        _frames = new FreeExtents(FrameBytes, 0);
        _frames.Add(Whole, Whole);
        _regions = new Region?[(CapacityBytes + FrameBytes - 1) / FrameBytes];
    }

    /// <summary>Bytes that can be handed out in all.</summary>
    public long CapacityBytes { get; }

    /// <summary>Bytes of a frame: a power of two.</summary>
    public long FrameBytes { get; }

    /// <summary>Bytes handed out, rounding included.</summary>
    public long AllocatedBytes { get; private set; }

    /// <summary>Payload bytes of what is handed out.</summary>
    public long UsedBytes { get; private set; }

    /// <summary>Bytes not handed out.</summary>
    public long FreeBytes => CapacityBytes - AllocatedBytes;

    /// <summary>
    /// Bytes that hold nothing and can hold nothing: what rounding adds to blocks, ranges that are shorter than every block of their
    /// region's lane, and frames that are shorter than every block of every lane that has blocks.
    /// </summary>
    public long WastedBytes
    {
        get
        {
            var bytes = AllocatedBytes - UsedBytes;
            var smallest = long.MaxValue;
            foreach (var lane in _lanes.Values)
            {
                bytes += lane.Free.ShortBytes;
                smallest = Math.Min(smallest, lane.Key.UnitBytes);
            }

            return _lanes.Count == 0 ? bytes : bytes + _frames.BytesBelow(smallest);
        }
    }

    /// <summary>The largest run of frames that belongs to no lane; the capacity when nothing is allocated.</summary>
    public long LargestUnclaimedBytes => _frames.LargestBytes;

    /// <summary>Ranges handed out.</summary>
    public int AllocationCount => _allocations.Count;

    /// <summary>What has blocks now.</summary>
    internal IReadOnlyCollection<Lane> Lanes => _lanes.Values;

    private Extent Whole => new(0, CapacityBytes);

    /// <summary>Takes a place in the block's lane, or new frames for the lane.</summary>
    /// <param name="size">What the block is to hold.</param>
    /// <param name="extent">The range, <see cref="SizeClass.Bytes"/> long.</param>
    /// <returns>False when there is neither: evict, then try again.</returns>
    public bool TryAllocate(in SizeClass size, out Extent extent)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size.BytesPerToken);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size.Tokens);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size.Tokens, size.ChunkTokens);
        var bytes = size.Bytes;
        var key = new LaneKey(size.UnitBytes, size.IsWhole);
        var lane = _lanes.GetValueOrDefault(key);
        if (lane is null || !lane.Free.TryTake(bytes, out extent))
        {
            extent = default;
            if (bytes > _frames.LargestBytes) return false;
            lane ??= _lanes[key] = new Lane(key, RegionBytes(key.UnitBytes));
            Grow(lane, bytes);
            lane.Free.TryTake(bytes, out extent);
        }

        _allocations.Add(extent.Offset, new Allocation(bytes, size.PayloadBytes));
        AllocatedBytes += bytes;
        lane.AllocatedBytes += bytes;
        UsedBytes += size.PayloadBytes;
        return true;
    }

    /// <summary>Gives a range back.</summary>
    /// <param name="extent">Exactly what <see cref="TryAllocate"/> returned.</param>
    /// <exception cref="ArgumentException">The range is not allocated: freed twice, or never handed out.</exception>
    public void Free(Extent extent)
    {
        if (!_allocations.TryGetValue(extent.Offset, out var allocation) || allocation.Length != extent.Length)
        {
            throw new ArgumentException(
                $"The extent at offset {extent.Offset} of {extent.Length} bytes is not allocated: it was freed before or never handed out.",
                nameof(extent));
        }

        _allocations.Remove(extent.Offset);
        AllocatedBytes -= allocation.Length;
        UsedBytes -= allocation.PayloadBytes;
        var region = _regions[extent.Offset / FrameBytes]!;
        region.Lane.AllocatedBytes -= allocation.Length;
        if (region.Lane.Free.Add(extent, region.Extent) == region.Extent) Return(region);
    }

    /// <summary>
    /// Frames that whole units fill but for a thirty-second, or as well as eight times as many frames can; not so many that few regions
    /// take the arena.
    /// </summary>
    internal long RegionBytes(long unitBytes)
    {
        const int MostSizes = 8;
        const int FewestRegions = 16;
        const int EnoughParts = 32;
        var least = Math.Max(1, (unitBytes + FrameBytes - 1) / FrameBytes) * FrameBytes;
        var (best, lost) = (least, 1.0);
        for (var size = least; size < least + (MostSizes * FrameBytes); size += FrameBytes)
        {
            var share = size % unitBytes / (double)size;
            if (size > least && size > CapacityBytes / FewestRegions) break;
            if (share < lost) (best, lost) = (size, share);
            if (lost <= 1.0 / EnoughParts) break;
        }

        return best;
    }

    private void Grow(Lane lane, long bytes)
    {
        if (!_frames.TryTake(Math.Max(lane.RegionBytes, bytes), out var extent)) _frames.TryTake(bytes, out extent);
        var region = new Region(lane, extent);
        for (var frame = extent.Offset / FrameBytes; frame * FrameBytes < extent.End; frame++) _regions[frame] = region;
        lane.Free.Add(extent, extent);
        lane.Regions++;
    }

    private void Return(Region region)
    {
        var (lane, extent) = (region.Lane, region.Extent);
        for (var frame = extent.Offset / FrameBytes; frame * FrameBytes < extent.End; frame++) _regions[frame] = null;
        lane.Free.Remove(extent);
        if (--lane.Regions == 0) _lanes.Remove(lane.Key);
        _frames.Add(extent, Whole);
    }

    private readonly record struct Allocation(long Length, long PayloadBytes);
}
