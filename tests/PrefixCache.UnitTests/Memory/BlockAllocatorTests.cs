using PrefixCache.Core.Memory;

namespace PrefixCache.UnitTests.Memory;

public class BlockAllocatorTests
{
    private const long Page = BlockAllocator.GranularityBytes;
    private const long GiB = 1L << 30;

    /// <summary>A chunk of 32 MiB in steps of 2 MiB.</summary>
    private static readonly SizeClass Large = new(131_072, 256, 256);

    /// <summary>A chunk of 3 MiB in steps of 192 KiB.</summary>
    private static readonly SizeClass Small = new(12_288, 256, 256);

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(Page - 1)]
    public void Constructor_LessThanAPage_Throws(long capacity) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new BlockAllocator(capacity));

    [Theory]
    [InlineData((10 * Page) + 17, 10 * Page, Page)]
    [InlineData(1 << 20, 1 << 20, 16_384)]
    [InlineData(4 * GiB, 4 * GiB, 64 << 20)]
    [InlineData(256 * GiB, 256 * GiB, 64 << 20)]
    public void Constructor_AnyCapacity_CutsItIntoFrames(long asked, long capacity, long frame)
    {
        var allocator = new BlockAllocator(asked);

        Assert.Equal((capacity, capacity, frame), (allocator.CapacityBytes, allocator.LargestUnclaimedBytes, allocator.FrameBytes));
    }

    [Theory]
    [InlineData(1, 16)]
    [InlineData(16, 16)]
    [InlineData(17, 32)]
    [InlineData(250, 256)]
    [InlineData(256, 256)]
    public void TryAllocate_AnyTokens_RoundsUpToStepsAndCountsBoth(int tokens, int held)
    {
        var allocator = new BlockAllocator(GiB);

        Assert.True(allocator.TryAllocate(Small with { Tokens = tokens }, out var extent));

        Assert.Equal(held * 12_288, extent.Length);
        Assert.Equal((held * 12_288, tokens * 12_288), (allocator.AllocatedBytes, allocator.UsedBytes));
    }

    [Theory]
    [InlineData(0, 1, 16)]
    [InlineData(1, 0, 16)]
    [InlineData(1, -5, 16)]
    [InlineData(1, 17, 16)]
    public void TryAllocate_NoSuchBlock_Throws(int bytesPerToken, int tokens, int chunkTokens) =>
        Assert.Throws<ArgumentOutOfRangeException>(
            () => new BlockAllocator(Page).TryAllocate(new SizeClass(bytesPerToken, tokens, chunkTokens), out _));

    [Fact]
    public void TryAllocate_MoreThanThereIs_ReturnsFalseAndTakesNothing()
    {
        var allocator = new BlockAllocator(Large.Bytes - Page);

        Assert.False(allocator.TryAllocate(Large, out _));

        Assert.Equal((allocator.CapacityBytes, 0L), (allocator.LargestUnclaimedBytes, allocator.AllocatedBytes));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(64)]
    [InlineData(1023)]
    public void TryAllocate_BlockAsLargeAsTheArena_Succeeds(int pages)
    {
        var allocator = new BlockAllocator(pages * Page);
        var size = new SizeClass(256 * pages, 16, 16);

        Assert.True(allocator.TryAllocate(size, out var all));
        Assert.Equal(new Extent(0, pages * Page), all);
        Assert.False(allocator.TryAllocate(size, out _));

        allocator.Free(all);
        Assert.Equal(pages * Page, allocator.LargestUnclaimedBytes);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(7)]
    [InlineData(33)]
    public void TryAllocate_OneSize_FillsTheArenaButForLessThanABlock(int gibibytes)
    {
        var allocator = new BlockAllocator((gibibytes * GiB) + (5 << 20));

        Assert.Equal(allocator.CapacityBytes / Large.Bytes, Fill(allocator, Large).Count);
    }

    [Fact]
    public void TryAllocate_SmallBlocksBetweenLargeOnes_LeaveNoGaps()
    {
        var allocator = new BlockAllocator(8 * GiB);
        var large = new List<Extent>();
        while (allocator.TryAllocate(Large, out var extent) && allocator.TryAllocate(Small, out _)) large.Add(extent);
        var count = large.Count;

        foreach (var extent in large) allocator.Free(extent);

        Assert.InRange(Fill(allocator, Large).Count, count, count + 2);
    }

    [Fact]
    public void TryAllocate_ShortBlocks_StayOutOfTheWayOfWholeOnes()
    {
        var allocator = new BlockAllocator(8 * GiB);
        var (chunks, tails) = (new List<Extent>(), new List<Extent>());
        for (var i = 0; i < 60; i++)
        {
            chunks.Add(Allocate(allocator, Large));
            tails.Add(Allocate(allocator, Large with { Tokens = 1 + (i * 4 % 240) }));
        }

        foreach (var extent in chunks) allocator.Free(extent);

        // The chunks' frames are free again although every tail is still there.
        Assert.True(allocator.LargestUnclaimedBytes >= 60 * Large.Bytes);
        Assert.Equal(60, tails.Distinct().Count());
    }

    [Fact]
    public void Free_LastBlockOfARegion_GivesItToEveryLane()
    {
        var allocator = new BlockAllocator(8 * GiB);
        var small = Fill(allocator, Small);
        Assert.False(allocator.TryAllocate(Large, out _));

        foreach (var extent in small.OrderBy(extent => extent.Offset).TakeWhile(extent => extent.End <= allocator.FrameBytes))
            allocator.Free(extent);

        Assert.True(allocator.TryAllocate(Large, out var large));
        Assert.Equal(new Extent(0, Large.Bytes), large);
    }

    [Fact]
    public void TryAllocate_TwoGapsFit_TakesTheTighterOne()
    {
        var allocator = new BlockAllocator(4 * GiB);
        var wide = Allocate(allocator, Small with { Tokens = 48 });
        Allocate(allocator, Small with { Tokens = 16 });
        var tight = Allocate(allocator, Small with { Tokens = 32 });
        Allocate(allocator, Small with { Tokens = 16 });
        allocator.Free(wide);
        allocator.Free(tight);

        Assert.Equal(tight, Allocate(allocator, Small with { Tokens = 20 }));
    }

    [Fact]
    public void WastedBytes_EndOfARegionShorterThanItsBlocks_IsWastedUntilTheRegionGoes()
    {
        var allocator = new BlockAllocator(4 * GiB);

        var extent = Allocate(allocator, Small with { Tokens = 255 });

        // 21 chunks of 3 MiB in a frame of 64 MiB; the last MiB is only counted when its neighbours are taken.
        Assert.Equal(12_288, allocator.WastedBytes);
        var others = Enumerable.Range(0, 20).Select(_ => Allocate(allocator, Small)).ToList();
        Assert.Equal(12_288 + (1 << 20), allocator.WastedBytes);

        foreach (var other in others) allocator.Free(other);
        allocator.Free(extent);
        Assert.Equal(0, allocator.WastedBytes);
    }

    [Fact]
    public void WastedBytes_FrameShorterThanEveryBlock_IsWasted()
    {
        var allocator = new BlockAllocator(Large.Bytes + Page);

        Allocate(allocator, Large);

        Assert.Equal(Page, allocator.WastedBytes);
    }

    [Fact]
    public void Free_Twice_ThrowsAndChangesNothing()
    {
        var allocator = new BlockAllocator(GiB);
        var extent = Allocate(allocator, Small);
        Allocate(allocator, Small);
        allocator.Free(extent);

        Assert.Throws<ArgumentException>(() => allocator.Free(extent));

        Assert.Equal((Small.Bytes, 1), (allocator.AllocatedBytes, allocator.AllocationCount));
    }

    [Fact]
    public void Free_ForeignExtent_Throws()
    {
        var allocator = new BlockAllocator(GiB);
        var extent = Allocate(allocator, Small);

        Assert.Throws<ArgumentException>(() => allocator.Free(extent with { Length = Page }));
        Assert.Throws<ArgumentException>(() => allocator.Free(new Extent(Page, Page)));
        Assert.Throws<ArgumentException>(() => allocator.Free(new Extent(extent.End, Small.Bytes)));
        Assert.Equal(Small.Bytes, allocator.AllocatedBytes);
    }

    private static List<Extent> Fill(BlockAllocator allocator, SizeClass size)
    {
        var extents = new List<Extent>();
        while (allocator.TryAllocate(size, out var extent)) extents.Add(extent);
        return extents;
    }

    private static Extent Allocate(BlockAllocator allocator, SizeClass size)
    {
        Assert.True(allocator.TryAllocate(size, out var extent));
        return extent;
    }
}
