using PrefixCache.Core.Replay;

namespace PrefixCache.UnitTests.Replay;

/// <summary>Flat LRU agrees with the exact counts, run by the node's classes and computed by the one pass.</summary>
public class GoldenTests
{
    [Fact]
    public void Run_FlatLruAtEveryCapacityAndMode_AgreesExactly()
    {
        var results = new GoldenCounts[Golden.All.Count];
        Parallel.For(0, results.Length, index =>
        {
            var golden = Golden.All[index];
            var result = ReplayDriver.Run(Golden.Workload, Setup(golden) with { Policy = ReplayPolicies.FlatLru });
            results[index] = new GoldenCounts(golden.Mode, golden.Capacity, result.HitBlocks, result.TotalBlocks, result.HitTokens,
                result.TotalTokens, result.Evictions);
        });
        Assert.Equal(14, results.Length);
        Assert.Equal(Golden.All, results);
    }

    [Fact]
    public void Curve_AtEveryCapacityAndMode_AgreesExactly() => Assert.Equal(Golden.All, Golden.All.Select(golden =>
    {
        var curve = Golden.Workload.Curve(Setup(golden), TestContext.Current.CancellationToken);
        return new GoldenCounts(golden.Mode, golden.Capacity, curve.HitBlocks(golden.Capacity), curve.TotalBlocks,
            curve.HitTokens(golden.Capacity), curve.TotalTokens, curve.Evictions(golden.Capacity));
    }));

    [Theory]
    [InlineData(1000, 0.1907)]
    [InlineData(5000, 0.3412)]
    [InlineData(10_000, 0.3664)]
    [InlineData(50_000, 0.3664)]
    public void Run_Belady_AgreesWithThePublishedRates(int capacity, double rate)
    {
        var result = ReplayDriver.Run(
            Golden.Workload, new ReplaySetup { Policy = ReplayPolicies.Belady, Capacity = ReplayCapacity.Blocks(capacity) }, null,
            TestContext.Current.CancellationToken);
        Assert.Equal(rate, Math.Round(result.BlockHitRate, 4));
    }

    private static ReplaySetup Setup(GoldenCounts golden) => new() { Mode = golden.Mode, Capacity = ReplayCapacity.Blocks(golden.Capacity) };
}
