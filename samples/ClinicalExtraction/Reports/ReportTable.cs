using System.Globalization;
using Spectre.Console;

namespace PrefixCache.Samples.ClinicalExtraction.Reports;

/// <summary>Shows the report on a terminal.</summary>
public static class ReportTable
{
    /// <summary>Writes a row for each note, then the totals.</summary>
    public static void Write(IAnsiConsole console, ExtractionReport report)
    {
        ArgumentNullException.ThrowIfNull(console);
        ArgumentNullException.ThrowIfNull(report);
        Table table = new Table().Border(TableBorder.Simple).Title("Time to first token, without and with the cache");
        foreach (string heading in (string[])["note", "prompt tokens", "reused", "plane", "without (ms)", "with (ms)", "saved", "outputs"])
            table.AddColumn(new TableColumn(heading).RightAligned());
        foreach (NoteRow note in report.Notes)
        {
            table.AddRow(Markup.Escape(note.Name), Number(note.PromptTokens), Number(note.ReusedTokens), Markup.Escape(note.Plane),
                Number(note.TtftMsWithout),
                Number(note.TtftMsWith), Saved(note.TtftMsWithout, note.TtftMsWith), note.OutputsEqual ? "equal" : "[red]DIFFER[/]");
        }
        console.Write(table);
        Grid totals = new Grid().AddColumn().AddColumn();
        totals.AddRow("outputs", report.OutputsEqual ? "equal in both runs" : "[red]differ between the runs[/]");
        totals.AddRow("plane", Markup.Escape(report.Plane));
        totals.AddRow("hit rate, tokens", report.HitRateTokens.ToString("P1", CultureInfo.InvariantCulture));
        totals.AddRow("prefill seconds saved", report.PrefillSecondsSaved.ToString("F2", CultureInfo.InvariantCulture));
        totals.AddRow("median time to first token",
            $"{Number(report.MedianTtftMsWithout)} ms without, {Number(report.MedianTtftMsWith)} ms with "
            + $"({Saved(report.MedianTtftMsWithout, report.MedianTtftMsWith)} saved)");
        console.Write(totals);
    }

    private static string Number(int value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Number(double value) => value.ToString("N1", CultureInfo.InvariantCulture);

    private static string Saved(double without, double with) =>
        without <= 0 ? "-" : (1 - with / without).ToString("P0", CultureInfo.InvariantCulture);
}
