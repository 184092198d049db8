using Spectre.Console;

namespace PrefixCache.Cli.Plan.Output;

/// <summary>The plan for people: value and formula of every line.</summary>
internal static class PlanScreen
{
    /// <summary>Columns of a table that goes into a file, where nobody says how wide it may be.</summary>
    private const int FileColumns = 180;

    public static void Show(PlanReport report)
    {
        var isPlain = Console.IsOutputRedirected || Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 };
        if (isPlain) Console.Out.Write(Plain(report));
        else Write(AnsiConsole.Console, report);
    }

    /// <summary>Without colours, nor the blanks that fill a table's lines.</summary>
    private static string Plain(PlanReport report)
    {
        using var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Out = new AnsiConsoleOutput(text),
        });
        console.Profile.Width = Console.IsOutputRedirected ? FileColumns : AnsiConsole.Console.Profile.Width;
        Write(console, report);
        return string.Concat(text.ToString().Split('\n').SkipLast(1).Select(line => line.TrimEnd() + "\n"));
    }

    private static void Write(IAnsiConsole console, PlanReport report)
    {
        console.MarkupLineInterpolated($"{report.Title}. GiB = 2^30 and GB = 10^9 bytes.");
        console.Write(Table(report));
        foreach (var note in report.Sources.Concat(report.Notes)) console.MarkupLineInterpolated($"- {note}");
    }

    private static Table Table(PlanReport report)
    {
        var table = new Table { Border = TableBorder.None };
        table.AddColumn(new TableColumn("").NoWrap());
        table.AddColumn(new TableColumn("").RightAligned().NoWrap());
        table.AddColumn(new TableColumn(""));
        table.HideHeaders();
        foreach (var section in report.Sections)
        {
            table.AddEmptyRow();
            table.AddRow(new Markup($"[bold]{Markup.Escape(section.Title)}[/]"), Text.Empty, Text.Empty);
            foreach (var line in section.Lines) table.AddRow(new Text(line.Label), new Text(PlanText.Of(line)), new Text(line.Formula));
        }

        table.AddEmptyRow();
        return table;
    }
}
