using FsCheck;
using FsCheck.Fluent;
using PrefixCache.Core.Memory;

namespace PrefixCache.UnitTests.Memory;

/// <summary>Random sequences of allocating and freeing, compared with <see cref="PageMap"/>.</summary>
public class BlockAllocatorProperties
{
    private const int Pages = 64;
    private const int Page = BlockAllocator.GranularityBytes;

    [Fact]
    public void AnySequence_AgainstPageMap_AgreesAndReturnsEverything() =>
        // A step above 0 allocates so many bytes; 0 and below frees the held extent that the number picks.
        Prop.ForAll(
            Gen.Choose(-40 * Page, 20 * Page).ListOf().ToArbitrary(),
            steps => Run([.. steps])).QuickCheckThrowOnFailure();

    [Fact]
    public void LongSequence_AgainstPageMap_AgreesAndReturnsEverything()
    {
        Random random = new(7);
        Run([.. Enumerable.Range(0, 5_000).Select(_ => random.Next(-8 * Page, 8 * Page))]);
    }

    private static void Run(int[] steps)
    {
        BlockAllocator allocator = new(Pages * Page);
        PageMap model = new(Pages);
        List<(Extent Extent, int Requested)> held = [];
        foreach (int step in steps)
        {
            if (step > 0) Allocate(allocator, model, held, step);
            else if (held.Count > 0) Free(allocator, model, held, -step % held.Count);
            AssertAgreement(allocator, model, held);
        }

        while (held.Count > 0) Free(allocator, model, held, held.Count - 1);
        Assert.Equal(1, allocator.FreeExtentCount);
        Assert.Equal(allocator.CapacityBytes, allocator.LargestFreeBytes);
        Assert.Equal(0, allocator.AllocatedBytes);
        Assert.Equal(0, allocator.UsedBytes);
    }

    private static void Allocate(BlockAllocator allocator, PageMap model, List<(Extent Extent, int Requested)> held, int bytes)
    {
        int expectedStart = model.Take((bytes + Page - 1) / Page);
        Assert.Equal(expectedStart >= 0, allocator.TryAllocate(bytes, out Extent extent));
        if (expectedStart < 0) return;
        Assert.Equal((long)expectedStart * Page, extent.Offset);
        held.Add((extent, bytes));
    }

    private static void Free(BlockAllocator allocator, PageMap model, List<(Extent Extent, int Requested)> held, int index)
    {
        Extent extent = held[index].Extent;
        held.RemoveAt(index);
        allocator.Free(extent);
        model.Release((int)(extent.Offset / Page), (int)(extent.Length / Page));
    }

    private static void AssertAgreement(BlockAllocator allocator, PageMap model, List<(Extent Extent, int Requested)> held)
    {
        long end = 0;
        foreach ((Extent extent, int requested) in held.OrderBy(item => item.Extent.Offset))
        {
            Assert.True(extent.Offset >= end, "Two extents overlap.");
            Assert.True(extent.Length >= requested, "An extent is shorter than what was asked for.");
            end = extent.End;
        }

        Assert.True(end <= allocator.CapacityBytes, "An extent ends behind the arena.");
        Assert.Equal(held.Sum(item => item.Extent.Length), allocator.AllocatedBytes);
        Assert.Equal(held.Sum(item => (long)item.Requested), allocator.UsedBytes);
        Assert.Equal((long)model.FreePages * Page, allocator.FreeBytes);
        Assert.Equal((long)model.LargestRun * Page, allocator.LargestFreeBytes);
        Assert.Equal(model.RunCount, allocator.FreeExtentCount);
    }
}
