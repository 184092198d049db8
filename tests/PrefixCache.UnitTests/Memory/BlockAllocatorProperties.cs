using FsCheck;
using FsCheck.Fluent;
using PrefixCache.Core.Memory;

namespace PrefixCache.UnitTests.Memory;

/// <summary>Random sequences of allocating and freeing for several layouts, compared with <see cref="RegionMap"/>.</summary>
public class BlockAllocatorProperties
{
    private const long Page = BlockAllocator.GranularityBytes;

    /// <summary>Bytes a token and tokens a chunk: steps of one page, five pages, a third of a page and 64 KiB.</summary>
    private static readonly (int BytesPerToken, int ChunkTokens)[] Layouts = [(256, 256), (1280, 64), (85, 512), (4096, 32)];

    [Theory]
    [InlineData(6)]
    [InlineData(64)]
    [InlineData(131)]
    [InlineData(1027)]
    public void AnySequence_AgainstRegionMap_AgreesAndReturnsEverything(int pages) =>
        // A step above 0 allocates; 0 and below frees the held extent that the number picks.
        Prop.ForAll(
            Gen.Choose(-60_000, 60_000).ListOf().ToArbitrary(),
            steps => Run(pages, [.. steps])).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(131, 7)]
    [InlineData(1027, 8)]
    [InlineData(5000, 9)]
    public void LongSequence_AgainstRegionMap_AgreesAndReturnsEverything(int pages, int seed)
    {
        var random = new Random(seed);
        Run(pages, [.. Enumerable.Range(0, 4_000).Select(_ => random.Next(-60_000, 64_000))]);
    }

    private static void Run(int pages, int[] steps)
    {
        var allocator = new BlockAllocator(pages * Page);
        var model = new RegionMap(allocator);
        var held = new List<(Extent Extent, SizeClass Size)>();
        foreach (var step in steps)
        {
            if (step > 0) Allocate(allocator, model, held, Size(step));
            else if (held.Count > 0) Free(allocator, model, held, -step % held.Count);
            AssertAgreement(allocator, model, held);
        }

        while (held.Count > 0) Free(allocator, model, held, held.Count - 1);
        Assert.Equal(allocator.CapacityBytes, allocator.LargestUnclaimedBytes);
        Assert.Equal((0L, 0L, 0L, 0), (allocator.AllocatedBytes, allocator.UsedBytes, allocator.WastedBytes, allocator.AllocationCount));
    }

    /// <summary>Half of the blocks are whole chunks.</summary>
    private static SizeClass Size(int step)
    {
        var (bytesPerToken, chunkTokens) = Layouts[step % Layouts.Length];
        var tokens = 1 + (step / Layouts.Length % (2 * chunkTokens));
        return new SizeClass(bytesPerToken, Math.Min(tokens, chunkTokens), chunkTokens);
    }

    private static void Allocate(BlockAllocator allocator, RegionMap model, List<(Extent Extent, SizeClass Size)> held, SizeClass size)
    {
        var expected = model.Take(size);
        Assert.Equal(expected >= 0, allocator.TryAllocate(size, out var extent));
        if (expected < 0) return;
        Assert.Equal(new Extent(expected, size.Bytes), extent);
        held.Add((extent, size));
    }

    private static void Free(BlockAllocator allocator, RegionMap model, List<(Extent Extent, SizeClass Size)> held, int index)
    {
        var extent = held[index].Extent;
        held.RemoveAt(index);
        allocator.Free(extent);
        model.Release(extent);
    }

    private static void AssertAgreement(BlockAllocator allocator, RegionMap model, List<(Extent Extent, SizeClass Size)> held)
    {
        var end = 0L;
        foreach (var (extent, size) in held.OrderBy(item => item.Extent.Offset))
        {
            Assert.True(extent.Offset >= end, "Two extents overlap.");
            Assert.True(extent.Length >= size.PayloadBytes, "An extent is shorter than what was asked for.");
            end = extent.End;
        }

        Assert.True(end <= allocator.CapacityBytes, "An extent ends behind the arena.");
        var (allocated, used) = (held.Sum(item => item.Extent.Length), held.Sum(item => item.Size.PayloadBytes));
        Assert.Equal((allocated, used, held.Count), (allocator.AllocatedBytes, allocator.UsedBytes, allocator.AllocationCount));
        Assert.Equal(allocator.CapacityBytes - allocated, allocator.FreeBytes);
        Assert.Equal(allocated - used + model.Unusable(), allocator.WastedBytes);
        Assert.Equal(model.LargestUnclaimed, allocator.LargestUnclaimedBytes);
    }
}
