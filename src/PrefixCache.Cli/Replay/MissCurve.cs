using System.Globalization;
using PrefixCache.Core.Replay;

namespace PrefixCache.Cli.Replay;

/// <summary>How many tokens are no hit, by capacity: what the terminal and the SVG file show.</summary>
internal sealed class MissCurve
{
    private const int Samples = 240;

    /// <summary>Where no run is smaller, the curve begins at this part of what the trace asks for.</summary>
    private const double LeastPart = 0.001;

    private readonly long _chunkBytes;
    private readonly int _chunkTokens;
    private readonly int _nodes;

    private MissCurve(ReplayReport report, IReadOnlyList<CurveSeries> series, double minBlocks, double maxBlocks)
    {
        (Series, MinBlocks, MaxBlocks) = (series, minBlocks, maxBlocks);
        (_chunkBytes, _chunkTokens, _nodes) = (report.ChunkBytes, report.ChunkTokens, report.Options.Nodes);
        Trace = Path.GetFileName(report.Trace.File);
        LowestRatio = Math.Floor(series.SelectMany(line => line.Points).Min(point => point.MissRatio) * 10) / 10;
    }

    public string Trace { get; }

    public IReadOnlyList<CurveSeries> Series { get; }

    public double MinBlocks { get; }

    public double MaxBlocks { get; }

    /// <summary>Where the axis of the miss ratio begins, a tenth.</summary>
    public double LowestRatio { get; }

    public string CapacityTitle => (_nodes > 1 ? "capacity of each node, in " : "capacity, in ")
        + (_chunkBytes > 0 ? "bytes of KV" : string.Create(CultureInfo.InvariantCulture, $"chunks of {_chunkTokens} tokens"));

    public static MissCurve Of(ReplayReport report)
    {
        var modes = report.Options.Modes;
        var largest = modes.Max(mode => report.Curve(mode).MaxBlocks);
        var limited = report.Runs.Select(run => report.Blocks(run.Setup.Capacity)).OfType<double>().Append(largest).ToList();
        var max = Math.Max(limited.Max(), 2);
        var min = Math.Clamp(Math.Min(limited.Min(), largest * LeastPart), 1, max / 2);
        var series = new List<CurveSeries>();
        foreach (var mode in modes) series.Add(Exact(report, mode, min, max));
        foreach (var group in report.Runs.Where(run => run.Setup.Policy != ReplayPolicies.FlatLru)
            .GroupBy(run => (run.Setup.Policy, run.Setup.Mode)))
        {
            var points = group.Select(run => new CurvePoint(report.Blocks(run.Setup.Capacity) ?? max, 1 - run.TokenHitRate));
            series.Add(new CurveSeries(Name(report, group.Key.Policy, group.Key.Mode), [.. points.OrderBy(point => point.Blocks)], false));
        }

        return new MissCurve(report, series, min, max);
    }

    /// <summary>0 to 1 along the logarithmic axis of the capacity.</summary>
    public double Across(double blocks) =>
        Math.Clamp(Math.Log(Math.Max(blocks, MinBlocks) / MinBlocks) / Math.Log(MaxBlocks / MinBlocks), 0, 1);

    /// <summary>0 to 1 up the axis of the miss ratio.</summary>
    public double Up(double ratio) => (ratio - LowestRatio) / (1 - LowestRatio);

    /// <summary>Capacities to label: 1, 2 and 5 times each power of ten, or powers of two where they are bytes.</summary>
    public IReadOnlyList<(double Blocks, string Label)> CapacityTicks(int most)
    {
        var all = _chunkBytes > 0 ? BinaryTicks() : DecimalTicks();
        var step = (all.Count + most - 1) / most;
        return [.. all.Where((_, index) => index % Math.Max(step, 1) == 0)];
    }

    private static CurveSeries Exact(ReplayReport report, ReplayMode mode, double min, double max)
    {
        var curve = report.Curve(mode);
        var points = new List<CurvePoint>(Samples + 1);
        for (var sample = 0; sample <= Samples; sample++)
        {
            var blocks = Math.Max(1, Math.Round(min * Math.Pow(max / min, (double)sample / Samples)));
            var ratio = curve.TotalTokens == 0 ? 1 : 1 - ((double)curve.HitTokens((long)blocks) / curve.TotalTokens);
            points.Add(new CurvePoint(blocks, ratio));
        }

        var what = report.Trace.HasTokens ? ", exact, by whole chunks" : ", exact";
        return new CurveSeries(Name(report, ReplayPolicies.FlatLru, mode) + what, points, true);
    }

    private static string Name(ReplayReport report, string policy, ReplayMode mode) =>
        report.Options.Modes.Count > 1 ? $"{policy} ({ReplayText.Of(mode)})" : policy;

    private List<(double, string)> DecimalTicks()
    {
        var ticks = new List<(double, string)>();
        var isWide = MaxBlocks / MinBlocks > 1e4;
        for (var power = Math.Pow(10, Math.Floor(Math.Log10(MinBlocks))); power <= MaxBlocks; power *= 10)
        {
            foreach (var factor in isWide ? [1] : new[] { 1, 2, 5 })
                if (power * factor >= MinBlocks && power * factor <= MaxBlocks) ticks.Add((power * factor, ReplayText.Short(power * factor)));
        }

        return ticks;
    }

    private List<(double, string)> BinaryTicks()
    {
        var ticks = new List<(double, string)>();
        for (var bytes = Math.Pow(2, Math.Ceiling(Math.Log2(MinBlocks * _chunkBytes))); bytes <= MaxBlocks * _chunkBytes; bytes *= 2)
            ticks.Add((bytes / _chunkBytes, ReplayText.Bytes(bytes).Replace(".00", "", StringComparison.Ordinal).Replace(".0", "", StringComparison.Ordinal)));
        return ticks;
    }
}
