using PrefixCache.Samples.Serving.Reports;
using Spectre.Console;
using static PrefixCache.Samples.Serving.Reports.Figures;

namespace PrefixCache.Samples.Chat.Reports;

/// <summary>Shows the report on a terminal.</summary>
public static class ChatTable
{
    private static readonly string[] Headings =
        ["conversation", "turn", "prompt tokens", "reused", "of the last answer", "without (ms)", "with (ms)", "saved", "outputs"];

    /// <summary>Writes a row for each turn, conversation by conversation, then the totals.</summary>
    public static void Write(IAnsiConsole console, ChatReport report)
    {
        ArgumentNullException.ThrowIfNull(console);
        ArgumentNullException.ThrowIfNull(report);
        Table table = new Table().Border(TableBorder.Simple).Title("Time to first token, without and with the cache");
        foreach (string heading in Headings) table.AddColumn(new TableColumn(heading).RightAligned());
        foreach (TurnRow row in report.Turns.OrderBy(row => row.Conversation, StringComparer.Ordinal).ThenBy(row => row.Turn))
        {
            table.AddRow(Markup.Escape(row.Conversation), Number(row.Turn), Number(row.PromptTokens), Number(row.ReusedTokens),
                Number(row.ReusedAnswerTokens), Number(row.TtftMsWithout), Number(row.TtftMsWith),
                Saved(row.TtftMsWithout, row.TtftMsWith), row.OutputsEqual ? "equal" : "[red]DIFFER[/]");
        }
        console.Write(table);
        console.Write(TotalsGrid.Of(report).AddRow("reused, of answers", $"{Number(report.ReusedAnswerTokens)} tokens"));
    }
}
