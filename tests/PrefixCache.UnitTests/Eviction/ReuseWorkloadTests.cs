namespace PrefixCache.UnitTests.Eviction;

/// <summary>A policy that learns must not lose what one that does not has, whatever the workload and however much fits.</summary>
public class ReuseWorkloadTests
{
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
            var (lru, reuse) = (Workloads.Run(workload, "lru", capacity).HitBlocks, Workloads.Run(workload, "reuse", capacity).HitBlocks);

            // Where nearly everything fits a handful of chunks goes, and a handful of hits is chance.
            var least = share < 0.9 ? lru : lru * 0.999;
            Assert.True(reuse >= least, $"{reuse} hits at {capacity} chunks, LRU has {lru}.");
        });
    }
}
