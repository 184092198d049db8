using PrefixCache.Core.Replay;

namespace PrefixCache.UnitTests.Replay;

/// <summary>The one pass against a run for every capacity, and the optimum against both.</summary>
public class CurveProperties
{
    [Theory]
    [InlineData(1, ReplayMode.All, 1)]
    [InlineData(2, ReplayMode.Full, 1)]
    [InlineData(3, ReplayMode.All, 3)]
    [InlineData(4, ReplayMode.Full, 2)]
    public void Curve_AtEveryCapacity_AgreesWithARun(int seed, ReplayMode mode, int nodes)
    {
        var workload = new ReplayWorkload(RandomTraces.Trace(seed, 120));
        var setup = new ReplaySetup
        {
            Policy = ReplayPolicies.FlatLru,
            Mode = mode,
            Nodes = nodes,
            ChunkTokens = RandomTraces.ChunkTokens,
        };
        var curve = workload.Curve(setup, TestContext.Current.CancellationToken);
        Assert.True(curve.MaxBlocks > 30, "The trace is too small to say anything.");
        for (var capacity = 1; capacity <= curve.MaxBlocks + 1; capacity++)
        {
            var run = Run(workload, setup with { Capacity = ReplayCapacity.Blocks(capacity) });
            Assert.Equal((capacity, run.HitBlocks, run.HitTokens, run.Evictions),
                (capacity, curve.HitBlocks(capacity), curve.HitTokens(capacity), curve.Evictions(capacity)));
        }
    }

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    public void Steps_AreWhereHitsGrow(int seed)
    {
        var curve = new ReplayWorkload(RandomTraces.Trace(seed, 80)).Curve(
            new ReplaySetup { ChunkTokens = RandomTraces.ChunkTokens }, TestContext.Current.CancellationToken);
        var steps = curve.Steps.ToList();
        for (var capacity = 1; capacity <= curve.MaxBlocks; capacity++)
            Assert.Equal(curve.HitBlocks(capacity) > curve.HitBlocks(capacity - 1), steps.Contains(capacity));
        Assert.Equal((0L, 0L), (curve.HitBlocks(0), curve.HitTokens(0)));
    }

    [Theory]
    [InlineData(7, ReplayMode.All)]
    [InlineData(8, ReplayMode.Full)]
    public void Belady_AtAnyCapacity_IsNeverBelowAPolicy(int seed, ReplayMode mode)
    {
        // Without outputs all policies see the same chunks.
        var workload = new ReplayWorkload(RandomTraces.Trace(seed, 150, outputs: false));
        foreach (var capacity in new[] { 1, 3, 8, 20, 45, 1000 })
        {
            var setup = new ReplaySetup
            {
                Mode = mode,
                ChunkTokens = RandomTraces.ChunkTokens,
                Capacity = ReplayCapacity.Blocks(capacity),
                MinPartialTokens = 0,
            };
            var best = Run(workload, setup with { Policy = ReplayPolicies.Belady });
            foreach (var policy in ReplayPolicies.Names)
                Assert.InRange(Run(workload, setup with { Policy = policy }).HitBlocks, 0, best.HitBlocks);
        }
    }

    private static ReplayResult Run(ReplayWorkload workload, ReplaySetup setup) =>
        ReplayDriver.Run(workload, setup, null, TestContext.Current.CancellationToken);
}
