using PrefixCache.Core.Replay;

namespace PrefixCache.Cli.Replay;

/// <summary>A column of the results' table.</summary>
/// <param name="Name">Above it.</param>
/// <param name="Text">What it says of a run.</param>
/// <param name="Worth">Where the terminal is narrow, columns of least worth are left out; those of <see cref="Needed"/> stay.</param>
internal sealed record ReplayColumn(string Name, Func<ReplayResult, string> Text, int Worth = ReplayColumn.Needed)
{
    public const int Needed = int.MaxValue;

    public bool IsText { get; init; }

    public int Width(IEnumerable<ReplayResult> runs) => runs.Select(run => Text(run).Length).Append(Name.Length).Max();
}
