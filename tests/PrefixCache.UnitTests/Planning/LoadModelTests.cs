using PrefixCache.Core.Planning;

namespace PrefixCache.UnitTests.Planning;

public class LoadModelTests
{
    private const double Millisecond = 1e6;
    private const long Bytes = 100_000_000;

    private TimeSpan _now;

    [Fact]
    public void Estimate_NothingReported_IsThePrior()
    {
        Assert.Equal(300_000 + (Bytes / 1.5), new LoadModel(LoadSource.Stream).Estimate(Bytes, _now), 1.0);
        Assert.Equal(50_000 + (Bytes / 13.0), new LoadModel(LoadSource.SharedMemory).Estimate(Bytes, _now), 1.0);
        Assert.Equal(1_000_000 + (Bytes / 2.5), new LoadModel(LoadSource.Redis).Estimate(Bytes, _now), 1.0);
        Assert.Equal(0, new LoadModel(LoadSource.Redis).Estimate(0, _now));
    }

    [Fact]
    public void Report_SmallAndLarge_FindsBothParts()
    {
        var model = new LoadModel(LoadSource.Stream);
        for (var i = 0; i < 30; i++)
        {
            Report(model, 10_000, (5 * Millisecond) + (10_000 / 4.0));
            Report(model, Bytes, (5 * Millisecond) + (Bytes / 4.0));
        }

        Assert.InRange(model.Estimate(1000, _now) / Millisecond, 4.5, 5.5);
        Assert.InRange(model.Estimate(Bytes / 2, _now) / Millisecond, 16.5, 18.5);
    }

    [Fact]
    public void Report_OneBadOutlier_MovesTheEstimateLittle()
    {
        var model = Steady(10 * Millisecond);
        Report(model, Bytes, 5000 * Millisecond);
        Assert.InRange(model.Estimate(Bytes, _now) / Millisecond, 10, 13);
        Report(model, Bytes, 10 * Millisecond);
        Assert.InRange(model.Estimate(Bytes, _now) / Millisecond, 10, 13);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(0.01)]
    public void Report_TwiceFarFromTheExpectation_IsTheNewTruth(double factor)
    {
        var model = Steady(30 * Millisecond);
        for (var i = 0; i < 3; i++) Report(model, Bytes, 30 * factor * Millisecond);
        Assert.InRange(model.Estimate(Bytes, _now) / Millisecond, 30 * factor * 0.7, 30 * factor * 1.3);
    }

    [Theory]
    [InlineData(Bytes, 0)]
    [InlineData(Bytes, -5)]
    [InlineData(Bytes, 1)]
    [InlineData(0, 1000)]
    [InlineData(-1, 1000)]
    [InlineData(1, 1e15)]
    [InlineData(long.MaxValue, 1)]
    [InlineData(Bytes, double.NaN)]
    public void Report_ThatCannotBeTrue_ChangesNothing(long bytes, double nanoseconds)
    {
        var model = Steady(10 * Millisecond);
        var before = model.Estimate(Bytes, _now);
        for (var i = 0; i < 5; i++) model.Report(bytes, nanoseconds, _now);
        Assert.Equal(before, model.Estimate(Bytes, _now));
    }

    [Fact]
    public void Estimate_WithoutReports_GoesBackToThePrior()
    {
        var (model, prior) = (Steady(1000 * Millisecond), new LoadModel(LoadSource.Stream).Estimate(Bytes, _now));
        var measured = model.Estimate(Bytes, _now);
        _now += TimeSpan.FromMinutes(1);
        Assert.Equal(measured, model.Estimate(Bytes, _now));
        _now += TimeSpan.FromMinutes(2);
        Assert.Equal(Math.Sqrt(measured / prior), model.Estimate(Bytes, _now) / prior, 1e-6);
        _now += TimeSpan.FromMinutes(2);
        Assert.Equal(Math.Pow(measured / prior, 0.25), model.Estimate(Bytes, _now) / prior, 1e-6);
        _now += TimeSpan.FromHours(8);
        Assert.Equal(1, model.Estimate(Bytes, _now) / prior, 1e-6);

        // What was true before the silence counts as little in the next fit.
        for (var i = 0; i < 2; i++) Report(model, Bytes, prior * 1.5);
        Assert.InRange(model.Estimate(Bytes, _now) / prior, 1.4, 1.6);
    }

    private LoadModel Steady(double nanoseconds)
    {
        var model = new LoadModel(LoadSource.Stream);
        for (var i = 0; i < 20; i++) Report(model, Bytes, nanoseconds);
        return model;
    }

    private void Report(LoadModel model, long bytes, double nanoseconds)
    {
        _now += TimeSpan.FromMilliseconds(100);
        model.Report(bytes, nanoseconds, _now);
    }
}
