using System.Globalization;
using Spectre.Console;

namespace PrefixCache.Samples.Serving.Reports;

/// <summary>The totals under a table.</summary>
public static class TotalsGrid
{
    /// <summary>Begins with the rows that every comparison has; the caller may add others.</summary>
    public static Grid Of(ComparisonReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        Grid totals = new Grid().AddColumn().AddColumn();
        totals.AddRow("outputs", report.OutputsEqual ? "equal in both runs" : "[red]differ between the runs[/]");
        totals.AddRow("plane", Markup.Escape(report.Plane));
        totals.AddRow("hit rate, tokens", Figures.Share(report.HitRateTokens));
        totals.AddRow("prefill seconds saved", report.PrefillSecondsSaved.ToString("F2", CultureInfo.InvariantCulture));
        totals.AddRow("median time to first token",
            $"{Figures.Number(report.MedianTtftMsWithout)} ms without, {Figures.Number(report.MedianTtftMsWith)} ms with "
            + $"({Figures.Saved(report.MedianTtftMsWithout, report.MedianTtftMsWith)} saved)");
        return totals;
    }
}
