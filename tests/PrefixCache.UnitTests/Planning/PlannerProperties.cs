using FsCheck;
using FsCheck.Fluent;
using PrefixCache.Core.Planning;
using PrefixCache.Core.Reservations;
using PrefixCache.UnitTests.Layouts;

namespace PrefixCache.UnitTests.Planning;

public class PlannerProperties
{
    /// <summary>Whatever is computed, and whatever was loaded in whichever sizes: a faster way to load never loads less.</summary>
    [Fact]
    public void LoadTokens_OverBandwidth_IsMonotone()
    {
        var cases =
            from computeMicroseconds in Gen.Choose(1, 2000)
            from slow in Gen.Choose(1, 20_000)
            from faster in Gen.Choose(0, 20_000)
            from hit in Gen.Choose(1, 20_000)
            from sizes in Gen.Choose(16, 20_000).ListOf()
            select (computeMicroseconds, slow, slow + faster, hit, sizes);
        Prop.ForAll(Arb.From(cases), one =>
        {
            var (compute, slow, fast, hit, sizes) = one;
            return LoadTokens(compute, slow, hit, sizes) <= LoadTokens(compute, fast, hit, sizes);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Reports_OfAnyNumbers_LeaveEstimatesThatAreFiniteAndNotNegative()
    {
        var any = Gen.OneOf(Gen.Choose(-2, 100_000), Gen.Elements(int.MaxValue, int.MinValue, 0, 1));
        var report = from a in any from b in any from c in any select (a, b, c);
        Prop.ForAll(Arb.From(report.ListOf()), reports =>
        {
            var (load, prefill, now) = (new LoadModel(LoadSource.Stream), new PrefillModel(), TimeSpan.Zero);
            foreach (var (a, b, c) in reports)
            {
                now += TimeSpan.FromMilliseconds(Math.Max(c, 0) % 1_000_000);
                load.Report(a, (double)b * Math.Abs((long)c), now);
                prefill.Report(a, b, (double)c * b);
            }

            return IsTime(load.Estimate(1, now)) && IsTime(load.Estimate(1e12, now)) && IsTime(prefill.Estimate(0, 1))
                && IsTime(prefill.Estimate(100_000, 200_000));
        }).QuickCheckThrowOnFailure();
    }

    private static bool IsTime(double nanoseconds) => double.IsFinite(nanoseconds) && nanoseconds >= 0;

    /// <param name="speed">In MB/s.</param>
    private static int LoadTokens(int computeMicroseconds, int speed, int hit, IReadOnlyList<int> sizes)
    {
        var layout = TestLayouts.Llama8B();
        var planner = new LoadPlanner(LoadMode.Auto, new ManualTime());
        planner.Computed(layout, new ComputeReport(0, hit, TimeSpan.FromMicroseconds(computeMicroseconds) * hit));
        foreach (var tokens in sizes)
        {
            var bytes = tokens * layout.BytesPerToken;
            var time = TimeSpan.FromMilliseconds(1) + TimeSpan.FromSeconds(bytes / 1e6 / speed);
            planner.Loaded(layout, new LoadReport(tokens, bytes, time, Failed: false));
        }

        return planner.Decide(new LoadQuestion(layout, LoadSource.Stream, 0, hit)).LoadTokens;
    }
}
