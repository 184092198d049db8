using PrefixCache.Core.Replay;
using Spectre.Console;

namespace PrefixCache.Cli.Replay;

/// <summary>A row for each run, with the columns that the terminal has room for.</summary>
internal static class ReplayTable
{
    /// <summary>Spaces on each side of a column.</summary>
    private const int Padding = 1;

    /// <param name="width">Of the terminal, in characters.</param>
    public static Table Of(ReplayReport report, int width)
    {
        var columns = Columns(report);
        while (columns.Sum(column => column.Width(report.Runs) + (2 * Padding) + 1) + 1 > width)
        {
            var least = columns.MinBy(column => column.Worth)!;
            if (least.Worth == ReplayColumn.Needed) break;
            columns.Remove(least);
        }

        var table = new Table { Border = TableBorder.Simple };
        foreach (var column in columns)
        {
            var shown = new TableColumn(column.Name).NoWrap();
            shown.Padding = new Padding(Padding, 0);
            table.AddColumn(column.IsText ? shown : shown.RightAligned());
        }

        foreach (var run in report.Runs) table.AddRow([.. columns.Select(column => Markup.Escape(column.Text(run)))]);
        return table;
    }

    private static List<ReplayColumn> Columns(ReplayReport report)
    {
        var columns = new List<ReplayColumn> { new("policy", run => run.Setup.Policy) { IsText = true } };
        if (report.Options.Modes.Count > 1) columns.Add(new("mode", run => ReplayText.Of(run.Setup.Mode)) { IsText = true });
        columns.AddRange(
        [
            new("capacity", run => Capacity(run.Setup.Capacity)),
            new("requests", run => ReplayText.Number(run.Requests), Worth: 0),
            new("tokens", run => ReplayText.Number(run.TotalTokens), Worth: 1),
            new("token hits", run => ReplayText.Percent(run.TokenHitRate)),
            new("chunk hits", run => ReplayText.Percent(run.BlockHitRate), Worth: 4),
            new("evictions", run => ReplayText.Number(run.Evictions)),
            new("stored", run => Tokens(run, run.StoredTokens), Worth: 3),
            new("held", run => Tokens(run, run.PeakTokens), Worth: 2),
        ]);
        if (report.Options.Policies.Contains(ReplayPolicies.Belady)) columns.Add(new("of optimum", Optimum));
        return columns;

        string Capacity(ReplayCapacity capacity) => capacity.IsUnlimited ? "inf"
            : capacity.IsBytes ? ReplayText.Bytes(capacity.Amount)
            : report.ChunkBytes == 0 ? ReplayText.Number(capacity.Amount)
            : $"{ReplayText.Number(capacity.Amount)} ({ReplayText.Bytes((double)capacity.Amount * report.ChunkBytes)})";

        string Tokens(ReplayResult run, long tokens) => run.Setup.Policy == ReplayPolicies.Belady ? ""
            : report.ChunkBytes > 0 ? ReplayText.Bytes((double)tokens * report.Options.BytesPerToken)
            : ReplayText.Short(tokens);

        string Optimum(ReplayResult run) =>
            report.Optimum(run) is { HitTokens: > 0 } best ? ReplayText.Percent((double)run.HitTokens / best.HitTokens) : "";
    }
}
