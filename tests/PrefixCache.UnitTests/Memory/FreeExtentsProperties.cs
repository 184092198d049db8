using FsCheck;
using FsCheck.Fluent;
using PrefixCache.Core.Memory;

namespace PrefixCache.UnitTests.Memory;

/// <summary>Random sequences of taking and adding, compared with <see cref="PageMap"/>.</summary>
public class FreeExtentsProperties
{
    private const int Pages = 64;
    private const int Page = BlockAllocator.GranularityBytes;
    private const int Unit = 3 * Page;
    private static readonly Extent Whole = new(0, Pages * Page);

    [Fact]
    public void AnySequence_AgainstPageMap_AgreesAndReturnsEverything() =>
        // A step above 0 takes so many bytes; 0 and below gives the held range back that the number picks.
        Prop.ForAll(
            Gen.Choose(-40 * Page, 20 * Page).ListOf().ToArbitrary(),
            steps => Run([.. steps])).QuickCheckThrowOnFailure();

    [Fact]
    public void LongSequence_AgainstPageMap_AgreesAndReturnsEverything()
    {
        var random = new Random(7);
        Run([.. Enumerable.Range(0, 5_000).Select(_ => random.Next(-8 * Page, 8 * Page))]);
    }

    private static void Run(int[] steps)
    {
        var free = new FreeExtents(Page, Unit);
        free.Add(Whole, Whole);
        var model = new PageMap(Pages);
        var held = new List<Extent>();
        foreach (var step in steps)
        {
            if (step > 0) Take(free, model, held, step);
            else if (held.Count > 0) Return(free, model, held, -step % held.Count);
            AssertAgreement(free, model);
        }

        while (held.Count > 0) Return(free, model, held, held.Count - 1);
        Assert.Equal((1, Whole.Length, 0L), (free.Count, free.LargestBytes, free.ShortBytes));
    }

    private static void Take(FreeExtents free, PageMap model, List<Extent> held, int bytes)
    {
        var pages = (bytes + Page - 1) / Page;
        var expected = model.Take(pages);
        Assert.Equal(expected >= 0, free.TryTake(bytes, out var extent));
        if (expected < 0) return;
        Assert.Equal(new Extent((long)expected * Page, (long)pages * Page), extent);
        held.Add(extent);
    }

    private static void Return(FreeExtents free, PageMap model, List<Extent> held, int index)
    {
        var extent = held[index];
        held.RemoveAt(index);
        var merged = free.Add(extent, Whole);
        model.Release((int)(extent.Offset / Page), (int)(extent.Length / Page));
        Assert.Contains(((int)(merged.Offset / Page), (int)(merged.Length / Page)), model.Runs());
    }

    private static void AssertAgreement(FreeExtents free, PageMap model)
    {
        Assert.Equal((model.Runs().Count(), (long)model.LargestRun * Page), (free.Count, free.LargestBytes));
        var isShort = model.Runs().Where(run => run.Length * Page < Unit).Sum(run => (long)run.Length * Page);
        Assert.Equal((isShort, isShort), (free.ShortBytes, free.BytesBelow(Unit)));
    }
}
