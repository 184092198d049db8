using PrefixCache.Samples.Serving.Reports;
using Spectre.Console;
using static PrefixCache.Samples.Serving.Reports.Figures;

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
        Grid totals = TotalsGrid.Of(report);
        totals.AddRow("shared tokens",
            $"{Number(report.SharedTokensReused)} of {Number(report.SharedTokens)} reused by every note from the third on");
        totals.AddRow("in whole chunks", $"{Number(report.SharedTokensInWholeChunks)}: what a cache of whole chunks would reuse");
        if (report.EvictedChunks is { } evicted) totals.AddRow("evicted meanwhile", $"{Number((int)evicted)} chunks");
        console.Write(totals);
    }
}
