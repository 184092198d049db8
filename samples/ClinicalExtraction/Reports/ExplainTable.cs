using PrefixCache.Samples.Serving.Prompts;
using Spectre.Console;
using static PrefixCache.Samples.Serving.Reports.Figures;

namespace PrefixCache.Samples.ClinicalExtraction.Reports;

/// <summary>Shows on a terminal what the node advised for each note, why, and what it then took.</summary>
public static class ExplainTable
{
    private static readonly string[] Headings =
        ["note", "node had", "load (ms)", "compute (ms)", "decision", "reason", "loaded in (ms)", "rest computed in (ms)"];

    /// <summary>Writes a row for each note and tier that has a part of it; nothing where the report does not explain.</summary>
    public static void Write(IAnsiConsole console, ExtractionReport report)
    {
        ArgumentNullException.ThrowIfNull(console);
        ArgumentNullException.ThrowIfNull(report);
        if (report.Notes.All(note => note.Explain is null)) return;
        Table table = new Table().Border(TableBorder.Simple).Title("Load or compute: expected, decided, taken");
        foreach (string heading in Headings) table.AddColumn(new TableColumn(heading).RightAligned());
        foreach (NoteRow note in report.Notes)
            if (note.Explain is { } account) AddRows(table, note, account);
        console.Write(table);
    }

    private static void AddRows(Table table, NoteRow note, LoadAccount account)
    {
        string computed = Number(account.ComputeMs);
        if (account.Tiers.Count == 0) table.AddRow(Markup.Escape(note.Name), "nothing", "-", "-", "compute", "-", "-", computed);
        foreach (TierAdvice tier in account.Tiers)
        {
            table.AddRow(Markup.Escape(note.Name), $"{Markup.Escape(tier.Tier)}: {Number(tier.EndToken - tier.FirstToken)} tokens",
                Number(tier.LoadMs), tier.ComputeMs is { } compute ? Number(compute) : "?", tier.Load ? "load" : "compute",
                Markup.Escape(tier.Reason), account.LoadedTokens > 0 ? Number(account.LoadMs) : "-", computed);
        }
    }
}
