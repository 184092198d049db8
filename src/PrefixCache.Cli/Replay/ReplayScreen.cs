using Spectre.Console;

namespace PrefixCache.Cli.Replay;

/// <summary>Results for people: a line on the trace, a table, the curve.</summary>
internal static class ReplayScreen
{
    /// <summary>Columns of a table that goes into a file, where nobody says how wide it may be.</summary>
    private const int FileColumns = 160;

    public static void Show(ReplayReport report)
    {
        var console = Open();
        foreach (var line in Describe(report)) Console.WriteLine(line);
        console.Write(ReplayTable.Of(report, console.Profile.Width));
        foreach (var line in CurveChart.Draw(MissCurve.Of(report))) Console.WriteLine(line);
        if (report.Options.Svg is { } svg) Console.WriteLine($"The curve is in {svg}.");
    }

    private static IAnsiConsole Open()
    {
        var isPlain = Console.IsOutputRedirected || Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 };
        if (!isPlain) return AnsiConsole.Console;
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors });
        if (Console.IsOutputRedirected) console.Profile.Width = FileColumns;
        return console;
    }

    private static IEnumerable<string> Describe(ReplayReport report)
    {
        var trace = report.Trace;
        var curve = report.Curve(report.Options.Modes[0]);
        yield return $"{trace.File}: {ReplayText.Number(trace.Requests)} requests, {ReplayText.Number(trace.PromptTokens)} tokens in "
            + $"{ReplayText.Number(curve.TotalBlocks)} chunks of {report.ChunkTokens}, {ReplayText.Number(curve.MaxBlocks)} of them different"
            + (report.Options.Nodes > 1 ? " on the node that sees most." : ".");
        if (report.ChunkBytes > 0)
            yield return $"A chunk has {ReplayText.Bytes(report.ChunkBytes)} of KV; all of them {ReplayText.Bytes((double)curve.MaxBlocks * report.ChunkBytes)}.";
        if (trace.RecordedHitTokens is { } hits)
            yield return $"The node that recorded it hit {ReplayText.Percent((double)hits / Math.Max(1, trace.PromptTokens))} of the tokens,"
                + " those within chunks too, which a replay of a record does not see.";
        if (trace.Dropped > 0) yield return $"It dropped {ReplayText.Number(trace.Dropped)} lookups, which are missing here.";
        if (trace.Skipped > 0) yield return $"{ReplayText.Number(trace.Skipped)} lines were left out: repeated lookups, or cut off.";
    }
}
