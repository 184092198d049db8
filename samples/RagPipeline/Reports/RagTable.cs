using PrefixCache.Samples.RagPipeline.Retrieval;
using Spectre.Console;
using static PrefixCache.Samples.Serving.Reports.Figures;

namespace PrefixCache.Samples.RagPipeline.Reports;

/// <summary>Shows the report on a terminal.</summary>
public static class RagTable
{
    /// <summary>Writes a row for each question, then the orders side by side.</summary>
    public static void Write(IAnsiConsole console, RagReport report)
    {
        ArgumentNullException.ThrowIfNull(console);
        ArgumentNullException.ThrowIfNull(report);
        console.Write(Questions(report));
        console.Write(Summary(report));
    }

    /// <summary>A row for each question: its documents best first, and what each order reused.</summary>
    private static Table Questions(RagReport report)
    {
        Table table = new Table().Border(TableBorder.Simple);
        table.Title("Tokens reused and time to first token with the cache, by document order");
        table.AddColumn(new TableColumn("no.").RightAligned()).AddColumn("documents, best first");
        table.AddColumn(new TableColumn("prompt").RightAligned());
        foreach (OrderReport order in report.Orders)
        {
            table.AddColumn(new TableColumn($"{Name(order)}: reused").RightAligned());
            table.AddColumn(new TableColumn("ms").RightAligned());
        }
        table.AddColumn(new TableColumn("outputs").RightAligned());
        IReadOnlyList<QuestionRow> first = report.Orders[0].Questions;
        for (int i = 0; i < first.Count; i++)
        {
            List<string> cells = [Number(i + 1), Markup.Escape(string.Join(", ", first[i].Documents)), Number(first[i].PromptTokens)];
            foreach (OrderReport order in report.Orders)
                cells.AddRange([Number(order.Questions[i].ReusedTokens), Number(order.Questions[i].TtftMsWith)]);
            cells.Add(report.Orders.All(order => order.Questions[i].OutputsEqual) ? "equal" : "[red]DIFFER[/]");
            table.AddRow([.. cells]);
        }
        return table;
    }

    /// <summary>A column for each order.</summary>
    private static Table Summary(RagReport report)
    {
        Table table = new Table().Border(TableBorder.Simple).Title("What the order of the documents does");
        table.AddColumn("");
        foreach (OrderReport order in report.Orders) table.AddColumn(new TableColumn($"{Name(order)} order").RightAligned());
        void Add(string name, Func<OrderReport, string> value) => table.AddRow([name, .. report.Orders.Select(value)]);
        Add("outputs", order => order.OutputsEqual ? "equal in both runs" : "[red]differ between the runs[/]");
        Add("plane", order => Markup.Escape(order.Plane));
        Add("hit rate, tokens", order => Share(order.HitRateTokens));
        Add("tokens prefilled", order => Number(order.TokensPrefilled));
        Add("median time to first token without (ms)", order => Number(order.MedianTtftMsWithout));
        Add("median time to first token with (ms)", order => Number(order.MedianTtftMsWith));
        Add("saved", order => Saved(order.MedianTtftMsWithout, order.MedianTtftMsWith));
        return table;
    }

    private static string Name(OrderReport report) => report.Order == DocumentOrder.Stable ? "stable" : "rank";
}
