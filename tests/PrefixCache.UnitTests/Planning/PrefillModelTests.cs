using PrefixCache.Core.Planning;

namespace PrefixCache.UnitTests.Planning;

public class PrefillModelTests
{
    private const double C0 = 50_000;
    private const double C1 = 5;

    [Fact]
    public void Report_RangesAtSeveralPositions_FindsBothParts()
    {
        var model = new PrefillModel();
        foreach (var (first, tokens) in ((int, int)[])[(0, 1000), (4096, 2000), (0, 16_000), (30_000, 500), (0, 3000)])
            model.Report(first, tokens, Time(first, first + tokens));
        foreach (var (first, end) in ((int, int)[])[(0, 500), (0, 30_000), (100_000, 101_000)])
            Assert.Equal(1, model.Estimate(first, end) / Time(first, end), 0.05);
    }

    [Fact]
    public void Report_OnePosition_SaysNothingOfTheSlope()
    {
        var model = new PrefillModel();
        for (var i = 0; i < 10; i++) model.Report(0, 1000, 1000 * C0);
        Assert.InRange(model.Estimate(0, 1000), 990 * C0, 1010 * C0);
        Assert.InRange(model.Estimate(0, 10_000), 9500 * C0, 11_000 * C0);
    }

    [Fact]
    public void Report_FallingWithPosition_KeepsTheSlopeAtZero()
    {
        var model = new PrefillModel();
        for (var i = 0; i < 20; i++)
        {
            model.Report(0, 1000, 1.5 * 1000 * C0);
            model.Report(20_000, 1000, 1000 * C0);
        }

        Assert.InRange(model.Estimate(100_000, 100_001), C0, 1.5 * C0);
    }

    [Fact]
    public void Report_OneTokenAtATime_IsNotTakenForWhatATokenCosts()
    {
        var model = new PrefillModel();
        for (var i = 0; i < 10; i++) model.Report(0, 1000, 1000 * C0);
        // A full hit computes its last token: a call's cost, 200 tokens' worth.
        for (var i = 0; i < 50; i++) model.Report(999, 1, 200 * C0);
        Assert.InRange(model.Estimate(0, 1000), 900 * C0, 1300 * C0);
    }

    [Fact]
    public void Report_OneTokenAtATimeFromTheStart_IsNoMeasurement()
    {
        var model = new PrefillModel();
        for (var i = 0; i < 50; i++) model.Report(999, 1, 200 * C0);
        Assert.False(model.IsMeasured);
        model.Report(0, 1000, 1000 * C0);
        Assert.InRange(model.Estimate(0, 1000), 990 * C0, 1010 * C0);
    }

    [Theory]
    [InlineData(0, 1000, 0)]
    [InlineData(0, 1000, -1e9)]
    [InlineData(0, 0, 1e9)]
    [InlineData(0, -5, 1e9)]
    [InlineData(-1, 5, 1e9)]
    [InlineData(0, 1, 1e18)]
    [InlineData(0, int.MaxValue, 1)]
    [InlineData(0, 1000, double.NaN)]
    [InlineData(0, 1000, double.PositiveInfinity)]
    public void Report_ThatCannotBeTrue_IsLeftOut(int first, int tokens, double nanoseconds)
    {
        var model = new PrefillModel();
        model.Report(first, tokens, nanoseconds);
        Assert.False(model.IsMeasured);
        model.Report(0, 1000, 1000 * C0);
        for (var i = 0; i < 5; i++) model.Report(first, tokens, nanoseconds);
        Assert.Equal(1, model.Estimate(0, 1000) / (1000 * C0), 0.02);
    }

    [Fact]
    public void Report_FirstOneAThousandfoldWrong_IsForgottenWithTheNextTwo()
    {
        var model = new PrefillModel();
        model.Report(0, 1000, 1000 * 1000 * C0);
        for (var i = 0; i < 4; i++) model.Report(0, 1000, 1000 * C0);
        Assert.InRange(model.Estimate(0, 1000), 900 * C0, 1300 * C0);
    }

    private static double Time(double a, double b) => (C0 * (b - a)) + (C1 * ((b * b) - (a * a)) / 2);
}
