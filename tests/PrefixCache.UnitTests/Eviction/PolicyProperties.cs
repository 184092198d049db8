using FsCheck;
using FsCheck.Fluent;
using PrefixCache.Core.Eviction;

namespace PrefixCache.UnitTests.Eviction;

/// <summary>What every policy of a node obeys, whatever is asked for.</summary>
public class PolicyProperties
{
    public static TheoryData<string, int> Policies()
    {
        var cases = new TheoryData<string, int>();
        foreach (var name in EvictionPolicies.Names)
            foreach (var ghosts in new[] { 0, 5, 1000 }) cases.Add(name, ghosts);
        return cases;
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void SelectVictim_AnyRequests_TakesLeavesThatNobodyNeeds(string name, int ghosts)
    {
        var prompt = Gen.Choose(1, 4).Select(chunk => (uint)chunk).NonEmptyListOf().Select(chunks => chunks.Take(9).ToArray());
        var step = from chunks in prompt from held in Gen.Choose(0, 3) select (chunks, held);
        var victims = 0;
        Prop.ForAll(step.ListOf().ToArbitrary(), steps =>
        {
            var policy = new CheckedPolicy(EvictionPolicies.Make(name));
            using var model = new PolicyModel(policy, capacity: 12, ghosts);
            foreach (var (chunks, held) in steps)
            {
                model.Serve(chunks, held);
                Assert.InRange(model.Chunks, 0, 12);
            }

            victims += policy.Victims;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(150).WithStartSize(5).WithEndSize(80));
        Assert.True(victims > 100, $"Only {victims} chunks were evicted.");
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void SelectVictim_LongRun_AgreesWithTheRulesAndIsTheSameEachTime(string name, int ghosts)
    {
        Assert.Equal(Hits(), Hits());

        long Hits()
        {
            var random = new Random(5);
            using var model = new PolicyModel(new CheckedPolicy(EvictionPolicies.Make(name)), capacity: 60, ghosts);
            return Enumerable.Range(0, 1500).Sum(_ => (long)model.Serve(
                [.. Enumerable.Range(0, random.Next(1, 8)).Select(_ => (uint)random.Next(1, 5))], random.Next(4)));
        }
    }

    [Fact]
    public void Make_UnknownName_TellsWhichThereAre()
    {
        var error = Assert.Throws<ArgumentException>(() => EvictionPolicies.Make("fifo"));
        Assert.Contains("lru, s3fifo, reuse", error.Message, StringComparison.Ordinal);
    }
}
