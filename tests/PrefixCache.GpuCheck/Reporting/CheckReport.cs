using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace PrefixCache.GpuCheck.Reporting;

/// <summary>All rows of a run, for people, for a page and for programs.</summary>
internal sealed record CheckReport(MachineFacts Machine, IReadOnlyList<CheckRow> Rows)
{
    private static readonly string[] Titles = ["check", "measured", "plain copy", "ratio", "bar", "verdict", "note"];

    /// <summary>Rows are written to and read from other processes' output with these, too.</summary>
    public static JsonSerializerOptions Json { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    public bool IsPassed => Rows.All(row => row.Verdict != Verdict.Fail);

    public string ToJson() => JsonSerializer.Serialize(this, Json);

    public string ToMarkdown()
    {
        var text = new StringBuilder();
        foreach (var (name, value) in Machine.All) text.Append($"- {name}: {value}\n");
        text.Append($"\n| {string.Join(" | ", Titles)} |\n|{string.Concat(Titles.Select(_ => "---|"))}\n");
        foreach (var row in Rows)
        {
            var cells = row.Cells().Select(cell => cell.Replace("|", "\\|", StringComparison.Ordinal));
            text.Append($"| {string.Join(" | ", cells)} |\n");
        }

        return text.ToString();
    }

    public string ToTable()
    {
        var text = new StringBuilder();
        foreach (var (name, value) in Machine.All) text.Append($"{name,-8}{value}\n");
        var lines = Rows.Select(row => row.Cells()).Prepend(Titles).ToList();
        var widths = Enumerable.Range(0, Titles.Length).Select(column => lines.Max(line => line[column].Length)).ToArray();
        text.Append('\n');
        foreach (var line in lines) text.Append(Line(line, widths)).Append('\n');
        int Count(Verdict verdict) => Rows.Count(row => row.Verdict == verdict);
        return text.Append($"\n{Count(Verdict.Pass)} passed, {Count(Verdict.Fail)} failed, {Count(Verdict.Skip)} skipped").ToString();
    }

    /// <summary>Figures to the right, words to the left.</summary>
    private static string Line(string[] cells, int[] widths) => string.Join("  ", cells.Select((cell, column) =>
        column is 0 or 5 or 6 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]))).TrimEnd();
}
