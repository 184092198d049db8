using PrefixCache.Core.Planning;
using PrefixCache.Core.Reservations;
using PrefixCache.Format.Layouts;
using PrefixCache.UnitTests.Layouts;

namespace PrefixCache.UnitTests.Planning;

public class LoadPlannerTests
{
    private const int Hit = 4096;

    private readonly KvLayout _layout = TestLayouts.Llama8B();
    private readonly ManualTime _time = new();
    private readonly LoadPlanner _planner;

    public LoadPlannerTests() => _planner = new LoadPlanner(LoadMode.Auto, _time);

    private long Bytes => Hit * _layout.BytesPerToken;

    [Fact]
    public void Decide_NoPrefillMeasured_LoadsSoThatSomethingIs()
    {
        var plan = Decide();
        Assert.Equal((Hit, CacheTier.None), (plan.LoadTokens, plan.Redis.Tier));
        Assert.Equal((CacheTier.Host, 0, Hit, true, LoadReason.Unknown, 0L),
            (plan.Host.Tier, plan.Host.FirstToken, plan.Host.EndToken, plan.Host.Load, plan.Host.Reason, plan.Host.ComputeNanoseconds));
        Assert.True(plan.Host.LoadNanoseconds > 0);
    }

    [Fact]
    public void Decide_BandwidthDropsAHundredfold_ComputesWithinThreeReportsAndLoadsAgainAfterProbes()
    {
        Compute(TimeSpan.FromMicroseconds(300));
        for (var i = 0; i < 20; i++) Load(gigabytesPerSecond: 1.5);
        Assert.Equal((true, LoadReason.Estimate), (Decide().Host.Load, Decide().Host.Reason));

        Load(gigabytesPerSecond: 0.015);
        Assert.True(Decide().Host.Load, "one bad report decides nothing");
        for (var i = 0; i < 2; i++) Load(gigabytesPerSecond: 0.015);
        Assert.Equal((0, false, LoadReason.Estimate), (Decide().LoadTokens, Decide().Host.Load, Decide().Host.Reason));

        // Fast again; who is told to compute does not load, so only probes can tell.
        var probes = 0;
        for (var lookups = 0; lookups < 3 * LayoutSpeeds.ProbeEvery; lookups++)
        {
            var plan = Decide();
            if (!plan.Host.Load) continue;
            if (plan.Host.Reason != LoadReason.Probe) break;
            Assert.InRange(plan.LoadTokens, _layout.ChunkTokens, Hit - 1);
            probes++;
            Load(gigabytesPerSecond: 1.5, plan.LoadTokens);
        }

        Assert.InRange(probes, 1, 3);
        Assert.Equal((true, LoadReason.Estimate), (Decide().Host.Load, Decide().Host.Reason));
    }

    [Fact]
    public void Decide_AgainstLoading_ProbesOnceIn32()
    {
        Slow();
        var reasons = Enumerable.Range(0, 320).Select(_ => Decide().Host).ToList();
        Assert.Equal(10, reasons.Count(decision => decision.Reason == LoadReason.Probe));
        Assert.All(reasons, decision => Assert.Equal(decision.Reason == LoadReason.Probe, decision.Load));
    }

    [Fact]
    public void Decide_SlowLongAgo_TriesAgainAtThePriorsSpeed()
    {
        Slow();
        Assert.False(Decide().Host.Load);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal((true, LoadReason.Estimate), (Decide().Host.Load, Decide().Host.Reason));
    }

    [Theory]
    [InlineData(LoadMode.Always, true, LoadReason.Mode, Hit)]
    [InlineData(LoadMode.Never, false, LoadReason.Mode, 0)]
    [InlineData(LoadMode.Auto, false, LoadReason.Estimate, 0)]
    [InlineData(LoadMode.Throughput, true, LoadReason.Estimate, Hit)]
    public void Decide_LoadingTakesThreeTimesAsLong_AsTheModeSays(LoadMode mode, bool load, LoadReason reason, int tokens)
    {
        Compute(TimeSpan.FromMicroseconds(100));
        for (var i = 0; i < 20; i++) Load(gigabytesPerSecond: _layout.BytesPerToken / 300_000.0);
        var plan = Decide(mode: mode);
        Assert.Equal((load, reason, tokens), (plan.Host.Load, plan.Host.Reason, plan.LoadTokens));
        Assert.InRange((double)plan.Host.LoadNanoseconds / plan.Host.ComputeNanoseconds, 2.7, 3.3);
    }

    [Fact]
    public void Decide_LoadingTakesTenTimesAsLong_ThroughputComputesToo()
    {
        Slow();
        Assert.Equal(0, Decide(mode: LoadMode.Throughput).LoadTokens);
    }

    [Theory]
    [InlineData(0, 0, LoadMode.Auto, 0)]
    [InlineData(100, 100, LoadMode.Auto, 100)]
    [InlineData(100, 64, LoadMode.Auto, 64)]
    [InlineData(100, 64, LoadMode.Never, 0)]
    public void Decide_NothingToLoad_NoDecision(int computed, int hit, LoadMode mode, int tokens)
    {
        var plan = _planner.Decide(new LoadQuestion(_layout, LoadSource.Stream, computed, hit) { Mode = mode });
        Assert.Equal(new LoadPlan(tokens, default, default), plan);
    }

    [Fact]
    public void Decide_PartComputed_WeighsTheRestAlone()
    {
        Compute(TimeSpan.FromMicroseconds(300));
        var all = Decide().Host;
        var plan = _planner.Decide(new LoadQuestion(_layout, LoadSource.Stream, Hit - 256, Hit));
        Assert.Equal((Hit - 256, Hit), (plan.Host.FirstToken, plan.Host.EndToken));
        Assert.True(plan.Host.LoadNanoseconds < all.LoadNanoseconds / 8);
        Assert.True(plan.Host.ComputeNanoseconds < all.ComputeNanoseconds / 8);
    }

    [Fact]
    public void Decide_ProbeOfAnUnalignedRest_EndsAtTheEnginesBlocks()
    {
        Slow();
        var question = new LoadQuestion(_layout, LoadSource.Stream, 100, 4032) { AlignTokens = 48 };
        var probes = Enumerable.Range(0, 64).Select(_ => _planner.Decide(question)).Where(plan => plan.Host.Load).ToList();
        Assert.Equal(2, probes.Count);
        Assert.All(probes, plan => Assert.True(plan.LoadTokens % 48 == 0 && plan.LoadTokens is > 100 and <= 4032, $"{plan}"));
    }

    [Fact]
    public void ExpectRedis_SlowRedis_IsLeftAloneAndTheHostTierIsNot()
    {
        Compute(TimeSpan.FromMicroseconds(300));
        for (var i = 0; i < 5; i++) _planner.RedisMoved(_layout, Bytes, TimeSpan.FromSeconds(0.2));
        var fast = _planner.ExpectRedis(new LoadQuestion(_layout, LoadSource.SharedMemory, 0, Hit), 2 * Hit);
        Assert.Equal((CacheTier.Redis, Hit, 2 * Hit, true, LoadReason.Estimate, 2 * Hit),
            (fast.Tier, fast.FirstToken, fast.EndToken, fast.Load, fast.Reason, fast.LoadEnd));
        for (var i = 0; i < 3; i++) _planner.RedisMoved(_layout, Bytes, TimeSpan.FromSeconds(20));
        Assert.False(_planner.ExpectRedis(new LoadQuestion(_layout, LoadSource.SharedMemory, 0, Hit), 2 * Hit).Load);
        Assert.True(_planner.ExpectRedis(new LoadQuestion(_layout, LoadSource.SharedMemory, 0, Hit) { Mode = LoadMode.Always }, 2 * Hit).Load);

        var plan = _planner.Decide(new LoadQuestion(_layout, LoadSource.SharedMemory, 0, Hit) { RedisEnd = 2 * Hit });
        Assert.Equal((Hit, true, false), (plan.LoadTokens, plan.Host.Load, plan.Redis.Load));
        Assert.Equal(default, _planner.ExpectRedis(new LoadQuestion(_layout, LoadSource.Stream, 0, Hit), Hit));
    }

    [Fact]
    public void ExpectRedis_WorkerLoadsSlowly_CountsItsLoadToo()
    {
        Slow();
        for (var i = 0; i < 5; i++) _planner.RedisMoved(_layout, Bytes, TimeSpan.FromMilliseconds(10));
        Assert.False(_planner.ExpectRedis(new LoadQuestion(_layout, LoadSource.Stream, 0, 0), Hit).Load);
        Assert.True(_planner.ExpectRedis(new LoadQuestion(_layout, LoadSource.SharedMemory, 0, 0), Hit).Load);
    }

    [Fact]
    public void Decide_TwoRanks_LoadSideBySide()
    {
        var two = _planner.Decide(new LoadQuestion(TestLayouts.Llama8B(tensorParallel: 2), LoadSource.Stream, 0, Hit));
        Assert.Equal(0.5, (double)two.Host.LoadNanoseconds / Decide().Host.LoadNanoseconds, 0.01);
    }

    [Fact]
    public void Decide_AnotherTenantsReports_ChangeNothing()
    {
        Slow();
        var other = _planner.Decide(new LoadQuestion(TestLayouts.Llama8B(), LoadSource.Stream, 0, Hit));
        Assert.Equal(LoadReason.Unknown, other.Host.Reason);
    }

    [Fact]
    public void Decide_FromTheHostTier_AllocatesNothing()
    {
        Compute(TimeSpan.FromMicroseconds(300));
        Load(gigabytesPerSecond: 2);
        Decide();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) Decide();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private LoadPlan Decide(LoadMode? mode = null) =>
        _planner.Decide(new LoadQuestion(_layout, LoadSource.Stream, 0, Hit) { Mode = mode });

    /// <summary>Loading takes ten times as long as computing.</summary>
    private void Slow()
    {
        Compute(TimeSpan.FromMicroseconds(100));
        for (var i = 0; i < 20; i++) Load(gigabytesPerSecond: _layout.BytesPerToken / 1_000_000.0);
    }

    private void Compute(TimeSpan perToken) => _planner.Computed(_layout, new ComputeReport(0, Hit, perToken * Hit));

    private void Load(double gigabytesPerSecond, int tokens = Hit)
    {
        var bytes = tokens * _layout.BytesPerToken;
        _time.Advance(TimeSpan.FromMilliseconds(100));
        _planner.Loaded(_layout, new LoadReport(tokens, bytes, TimeSpan.FromSeconds(bytes / gigabytesPerSecond / 1e9), Failed: false));
    }
}
