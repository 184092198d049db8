using PrefixCache.Core.Memory;

namespace PrefixCache.UnitTests.Memory;

/// <summary>The naive model of <see cref="BlockAllocator"/>: a list of regions with a map of pages each.</summary>
internal sealed class RegionMap(BlockAllocator allocator)
{
    private const long Page = BlockAllocator.GranularityBytes;

    private readonly List<ModelRegion> _regions = [];

    public long LargestUnclaimed => Unclaimed().Select(run => run.Length).DefaultIfEmpty(0).Max();

    /// <summary>Where the block must go; -1 = nowhere.</summary>
    public long Take(SizeClass size)
    {
        var lane = (size.UnitBytes, size.IsWhole);
        var pages = (int)(size.Bytes / Page);
        var region = _regions.Where(region => region.Lane == lane && region.Pages.LargestRun >= pages)
            .OrderBy(region => region.Pages.Runs().Select(run => run.Length).Where(length => length >= pages).Min())
            .ThenBy(region => region.Extent.Offset)
            .FirstOrDefault();
        region ??= Claim(lane, size.Bytes);
        if (region is null) return -1;
        region.Blocks++;
        return region.Extent.Offset + (region.Pages.Take(pages) * Page);
    }

    public void Release(Extent extent)
    {
        var region = _regions.Single(region => region.Extent.Offset <= extent.Offset && extent.End <= region.Extent.End);
        region.Pages.Release((int)((extent.Offset - region.Extent.Offset) / Page), (int)(extent.Length / Page));
        if (--region.Blocks == 0) _regions.Remove(region);
    }

    /// <summary>Free bytes that no block of the lanes can use.</summary>
    public long Unusable()
    {
        if (_regions.Count == 0) return 0;
        var smallest = _regions.Min(region => region.Lane.UnitBytes);
        return Unclaimed().Where(run => run.Length < smallest).Sum(run => run.Length)
            + _regions.Sum(region => region.Pages.Runs().Select(run => run.Length * Page)
            .Where(bytes => bytes < region.Lane.UnitBytes).Sum());
    }

    private ModelRegion? Claim((long UnitBytes, bool IsWhole) lane, long bytes)
    {
        var frame = allocator.FrameBytes;
        foreach (var wanted in (long[])[Math.Max(allocator.RegionBytes(lane.UnitBytes), bytes), bytes])
        {
            var run = Unclaimed().Where(run => run.Length >= wanted).OrderBy(run => run.Length).ThenBy(run => run.Offset).FirstOrDefault();
            if (run.Length == 0) continue;
            var region = new ModelRegion(lane, run with { Length = Math.Min((wanted + frame - 1) / frame * frame, run.Length) });
            _regions.Add(region);
            return region;
        }

        return null;
    }

    private IEnumerable<Extent> Unclaimed()
    {
        var start = 0L;
        foreach (var region in _regions.OrderBy(region => region.Extent.Offset))
        {
            if (region.Extent.Offset > start) yield return new Extent(start, region.Extent.Offset - start);
            start = region.Extent.End;
        }

        if (start < allocator.CapacityBytes) yield return new Extent(start, allocator.CapacityBytes - start);
    }

    private sealed class ModelRegion((long UnitBytes, bool IsWhole) lane, Extent extent)
    {
        public (long UnitBytes, bool IsWhole) Lane { get; } = lane;

        public Extent Extent { get; } = extent;

        public PageMap Pages { get; } = new((int)(extent.Length / Page));

        public int Blocks { get; set; }
    }
}
