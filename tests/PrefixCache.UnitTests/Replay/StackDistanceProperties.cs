using FsCheck;
using FsCheck.Fluent;
using PrefixCache.Core.Replay.Curves;

namespace PrefixCache.UnitTests.Replay;

/// <summary>Depths against a plain list that moves what is used to its front.</summary>
public class StackDistanceProperties
{
    [Fact]
    public void AnySequence_AgainstAList_GivesTheSameDepths() =>
        Prop.ForAll(Gen.Choose(0, 12).ListOf().ToArbitrary(), uses => Run([.. uses], names: 13)).QuickCheckThrowOnFailure();

    [Fact]
    public void LongSequence_PastTheEndOfTheLine_GivesTheSameDepths()
    {
        var random = new Random(3);
        Run([.. Enumerable.Range(0, 20_000).Select(_ => random.Next(90))], names: 90);
    }

    private static void Run(int[] uses, int names)
    {
        var stack = new StackDistances(names);
        var list = new List<int>();
        foreach (var chunk in uses)
        {
            Assert.Equal(list.IndexOf(chunk) + 1, stack.Depth((uint)chunk));
            list.Remove(chunk);
            list.Insert(0, chunk);
            stack.Use((uint)chunk);
            Assert.Equal((list.Count, 1), (stack.Count, stack.Depth((uint)chunk)));
        }
    }
}
