using PrefixCache.Samples.Serving.Prompts;
using Spectre.Console;
using static PrefixCache.Samples.Serving.Reports.Figures;

namespace PrefixCache.Samples.ClinicalExtraction.Reports;

/// <summary>Shows on a terminal what the node advised for each note, why, and what it then took.</summary>
public static class ExplainTable
{
    private static readonly string[] Headings =
        ["note", "host had", "Redis had", "part", "load", "compute", "decision", "reason", "looked up", "loaded", "rest computed"];

    /// <summary>Writes a row for each note and tier that has a part of it; nothing where the report does not explain.</summary>
    public static void Write(IAnsiConsole console, ExtractionReport report)
    {
        ArgumentNullException.ThrowIfNull(console);
        ArgumentNullException.ThrowIfNull(report);
        if (report.Notes.All(note => note.Explain is null)) return;
        Table table = new Table().Border(TableBorder.Simple).Title("Load or compute: tokens there, ms expected, decision, ms taken");
        foreach (string heading in Headings)
        {
            TableColumn column = new(heading) { Alignment = Justify.Right, NoWrap = heading == "part", Padding = new Padding(1, 0) };
            table.AddColumn(column);
        }

        foreach (NoteRow note in report.Notes)
            if (note.Explain is { } account) AddRows(table, note, account);
        console.Write(table);
    }

    /// <summary>What holds for the note as a whole stands in its first row.</summary>
    private static void AddRows(Table table, NoteRow note, LoadAccount account)
    {
        string[] had = [Markup.Escape(note.Name), Number(account.HostTokens), Number(account.RedisTokens)];
        string[] took =
        [
            Number(account.LookupMs), account.LoadedTokens > 0 ? Number(account.LoadMs) : "-", Number(account.ComputeMs),
        ];
        if (account.Tiers.Count == 0) table.AddRow([.. had, "-", "-", "-", "compute", "-", .. took]);
        foreach (TierAdvice tier in account.Tiers)
        {
            string[] advice =
            [
                $"{Markup.Escape(tier.Tier)} {Number(tier.FirstToken)}-{Number(tier.EndToken)}", Number(tier.LoadMs),
                tier.ComputeMs is { } compute ? Number(compute) : "?", tier.Load ? "load" : "compute", Markup.Escape(tier.Reason),
            ];
            table.AddRow(tier == account.Tiers[0] ? [.. had, .. advice, .. took] : ["", "", "", .. advice, "", "", ""]);
        }
    }
}
