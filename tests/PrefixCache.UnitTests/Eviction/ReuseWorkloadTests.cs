using PrefixCache.UnitTests.Replay;

namespace PrefixCache.UnitTests.Eviction;

/// <summary>A policy that learns must not lose what one that does not has, whatever the workload and however much fits.</summary>
public class ReuseWorkloadTests
{
    /// <summary>Where nearly everything fits both have nearly all hits; one session that comes back late decides which has more.</summary>
    private const int Chance = 10_000;

    public static TheoryData<string, int> Cases()
    {
        var cases = new TheoryData<string, int>();
        foreach (var name in Workloads.All.Keys)
            for (var seed = 1; seed <= 2; seed++) cases.Add(name, seed);
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Run_GeneratedWorkload_HitsNoLessThanLru(string name, int seed)
    {
        var workload = Workloads.Make(name, 2500, seed);
        var chunks = workload.Chunks(new()).Names;
        Assert.All([0.01, 0.03, 0.1, 0.3, 0.6, 0.9], share =>
        {
            var capacity = Math.Max(300, (long)(chunks * share));
            var (lru, reuse) = (Workloads.Run(workload, "lru", capacity), Workloads.Run(workload, "reuse", capacity));
            Assert.True(reuse.HitBlocks >= lru.HitBlocks - (lru.TotalBlocks / Chance),
                $"{reuse.HitBlocks} hits at {capacity} chunks, LRU has {lru.HitBlocks}.");
        });
    }

    [Theory]
    [InlineData("mixed", 0.05)]
    [InlineData("documents", 0.1)]
    [InlineData("prompts", 0.08)]
    [InlineData("regular", 0.1)]
    public void Run_LittleFits_HitsClearlyMoreThanLru(string name, double points)
    {
        var workload = Workloads.Make(name, 2500, 3);
        var (lru, reuse) = (Workloads.Run(workload, "lru", 600), Workloads.Run(workload, "reuse", 600));
        Assert.True(reuse.BlockHitRate > lru.BlockHitRate + points, $"{reuse.BlockHitRate:0.000}, LRU has {lru.BlockHitRate:0.000}.");
    }

    [Theory]
    [InlineData(1000, 0.0756)]
    [InlineData(5000, 0.160)]
    [InlineData(10_000, 0.2323)]
    [InlineData(30_000, 0.3257)]
    [InlineData(50_000, 0.3546)]
    [InlineData(100_000, 0.3637)]
    public void Run_ConversationTrace_HitsMoreThanLru(int capacity, double rate) =>
        Assert.InRange(Workloads.Run(Golden.Workload, "reuse", capacity).BlockHitRate, rate, 1);

    /// <summary>Fewer ghosts teach less; what is learned from what stays is still no worse than nothing.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1_000_000)]
    [InlineData(4_000_000)]
    public void Run_FewGhosts_HitsMoreThanLruYet(long ghostTokens) =>
        Assert.All([1000, 5000, 10_000], capacity => Assert.InRange(
            Workloads.Run(Golden.Workload, "reuse", capacity, ghostTokens).HitBlocks,
            Workloads.Run(Golden.Workload, "lru", capacity).HitBlocks, long.MaxValue));
}
