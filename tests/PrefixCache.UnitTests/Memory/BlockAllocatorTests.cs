using PrefixCache.Core.Memory;

namespace PrefixCache.UnitTests.Memory;

public class BlockAllocatorTests
{
    private const long Page = BlockAllocator.GranularityBytes;

    [Fact]
    public void Constructor_CapacityNotWholePages_RoundsDown()
    {
        BlockAllocator allocator = new((10 * Page) + 17);

        Assert.Equal(10 * Page, allocator.CapacityBytes);
        Assert.Equal(10 * Page, allocator.LargestFreeBytes);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(Page - 1)]
    public void Constructor_LessThanAPage_Throws(long capacity) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new BlockAllocator(capacity));

    [Fact]
    public void TryAllocate_OddSize_RoundsUpAndCountsBoth()
    {
        BlockAllocator allocator = new(10 * Page);

        Assert.True(allocator.TryAllocate(Page + 1, out Extent extent));

        Assert.Equal(new Extent(0, 2 * Page), extent);
        Assert.Equal(2 * Page, allocator.AllocatedBytes);
        Assert.Equal(Page + 1, allocator.UsedBytes);
        Assert.Equal(8 * Page, allocator.FreeBytes);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    public void TryAllocate_NothingAskedFor_Throws(long bytes) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new BlockAllocator(Page).TryAllocate(bytes, out _));

    [Theory]
    [InlineData((4 * Page) + 1)]
    [InlineData(long.MaxValue)]
    public void TryAllocate_MoreThanThereIs_ReturnsFalseAndTakesNothing(long bytes)
    {
        BlockAllocator allocator = new(4 * Page);

        Assert.False(allocator.TryAllocate(bytes, out _));

        Assert.Equal(4 * Page, allocator.LargestFreeBytes);
        Assert.Equal(0, allocator.AllocatedBytes);
    }

    [Fact]
    public void TryAllocate_Everything_SucceedsAndLeavesNothing()
    {
        BlockAllocator allocator = new(4 * Page);

        Assert.True(allocator.TryAllocate(4 * Page, out Extent all));
        Assert.Equal(0, allocator.LargestFreeBytes);
        Assert.False(allocator.TryAllocate(1, out _));

        allocator.Free(all);
        Assert.Equal(4 * Page, allocator.LargestFreeBytes);
    }

    [Fact]
    public void TryAllocate_TwoHolesFit_TakesTheTighterOne()
    {
        BlockAllocator allocator = new(10 * Page);
        Extent wide = Allocate(allocator, 3 * Page);
        Allocate(allocator, Page);
        Extent tight = Allocate(allocator, 2 * Page);
        Allocate(allocator, 4 * Page);
        allocator.Free(wide);
        allocator.Free(tight);

        Assert.Equal(tight, Allocate(allocator, 2 * Page));
        Assert.Equal(3 * Page, allocator.LargestFreeBytes);
    }

    [Theory]
    [InlineData(0, 1, 2)]
    [InlineData(0, 2, 1)]
    [InlineData(2, 1, 0)]
    [InlineData(1, 0, 2)]
    public void Free_NeighboursInAnyOrder_MergesThem(int first, int second, int third)
    {
        BlockAllocator allocator = new(3 * Page);
        Extent[] extents = [Allocate(allocator, Page), Allocate(allocator, Page), Allocate(allocator, Page)];

        foreach (int index in (int[])[first, second, third]) allocator.Free(extents[index]);

        Assert.Equal(1, allocator.FreeExtentCount);
        Assert.Equal(3 * Page, allocator.LargestFreeBytes);
    }

    [Fact]
    public void Free_Twice_ThrowsAndChangesNothing()
    {
        BlockAllocator allocator = new(4 * Page);
        Extent extent = Allocate(allocator, Page);
        Allocate(allocator, Page);
        allocator.Free(extent);

        Assert.Throws<ArgumentException>(() => allocator.Free(extent));

        Assert.Equal(Page, allocator.AllocatedBytes);
        Assert.Equal(1, allocator.AllocationCount);
    }

    [Fact]
    public void Free_ForeignExtent_Throws()
    {
        BlockAllocator allocator = new(8 * Page);
        Extent extent = Allocate(allocator, 2 * Page);

        Assert.Throws<ArgumentException>(() => allocator.Free(new Extent(extent.Offset, Page)));
        Assert.Throws<ArgumentException>(() => allocator.Free(new Extent(Page, Page)));
        Assert.Throws<ArgumentException>(() => allocator.Free(new Extent(6 * Page, Page)));
        Assert.Equal(2 * Page, allocator.AllocatedBytes);
    }

    private static Extent Allocate(BlockAllocator allocator, long bytes)
    {
        Assert.True(allocator.TryAllocate(bytes, out Extent extent));
        return extent;
    }
}
