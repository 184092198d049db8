using PrefixCache.Core.Replay;
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
        console.Write(Table(report));
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
            yield return $"The node that recorded it hit {ReplayText.Percent((double)hits / Math.Max(1, trace.PromptTokens))} of the tokens.";
        if (trace.Dropped > 0) yield return $"It dropped {ReplayText.Number(trace.Dropped)} lookups, which are missing here.";
        if (trace.Skipped > 0) yield return $"{ReplayText.Number(trace.Skipped)} lines were left out: repeated lookups, or cut off.";
    }

    private static Table Table(ReplayReport report)
    {
        var hasBytes = report.ChunkBytes > 0;
        var hasOptimum = report.Options.Policies.Contains(ReplayPolicies.Belady);
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumn("policy");
        if (report.Options.Modes.Count > 1) table.AddColumn("mode");
        AddNumber(table, "capacity");
        AddNumber(table, "requests");
        AddNumber(table, "tokens");
        AddNumber(table, "token hits");
        AddNumber(table, "chunk hits");
        AddNumber(table, "evictions");
        AddNumber(table, hasBytes ? "bytes stored" : "tokens stored");
        AddNumber(table, hasBytes ? "bytes held" : "tokens held");
        if (hasOptimum) AddNumber(table, "of optimum");
        foreach (var run in report.Runs)
        {
            var cells = new List<string> { run.Setup.Policy };
            if (report.Options.Modes.Count > 1) cells.Add(ReplayText.Of(run.Setup.Mode));
            cells.Add(Capacity(run.Setup.Capacity, report));
            cells.Add(ReplayText.Number(run.Requests));
            cells.Add(ReplayText.Number(run.TotalTokens));
            cells.Add(ReplayText.Percent(run.TokenHitRate));
            cells.Add(ReplayText.Percent(run.BlockHitRate));
            cells.Add(ReplayText.Number(run.Evictions));
            cells.Add(Tokens(run, run.StoredTokens, report));
            cells.Add(Tokens(run, run.PeakTokens, report));
            if (hasOptimum) cells.Add(report.Optimum(run) is { HitTokens: > 0 } best
                ? ReplayText.Percent((double)run.HitTokens / best.HitTokens) : "");
            table.AddRow([.. cells.Select(Markup.Escape)]);
        }

        return table;
    }

    private static void AddNumber(Table table, string name) => table.AddColumn(new TableColumn(name).RightAligned().NoWrap());

    private static string Capacity(ReplayCapacity capacity, ReplayReport report) =>
        capacity.IsUnlimited ? "inf"
        : capacity.IsBytes ? ReplayText.Bytes(capacity.Amount)
        : report.ChunkBytes > 0 ? $"{ReplayText.Number(capacity.Amount)} ({ReplayText.Bytes((double)capacity.Amount * report.ChunkBytes)})"
        : ReplayText.Number(capacity.Amount);

    private static string Tokens(ReplayResult run, long tokens, ReplayReport report) =>
        run.Setup.Policy == ReplayPolicies.Belady ? ""
        : report.ChunkBytes > 0 ? ReplayText.Bytes((double)tokens * report.Options.BytesPerToken)
        : ReplayText.Number(tokens);
}
