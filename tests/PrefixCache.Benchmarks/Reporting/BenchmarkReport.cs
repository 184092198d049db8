using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace PrefixCache.Benchmarks.Reporting;

/// <summary>Shows results as a table and writes them as JSON.</summary>
internal static class BenchmarkReport
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Prints one row a result.</summary>
    public static void Print(IReadOnlyList<BenchmarkResult> results)
    {
        var table = new Table().AddColumns("name", "value", "reference", "ratio", "bar", "holds");
        foreach (var result in results)
        {
            table.AddRow(
                result.Name,
                $"{Format(result.Value)} {result.Unit}",
                result.Reference is { } reference ? $"{Format(reference)} {result.Unit}" : "",
                result.Ratio is { } ratio ? Format(ratio) : "",
                result.Bar is { } bar ? Format(bar) : "",
                result.Bar is null ? "" : result.Holds ? "yes" : "NO");
        }

        AnsiConsole.Write(table);
    }

    /// <summary>Writes an array of results.</summary>
    public static async Task WriteJsonAsync(FileInfo file, IReadOnlyList<BenchmarkResult> results, CancellationToken cancellationToken)
    {
        await using var stream = file.Create();
        await JsonSerializer.SerializeAsync(stream, results, Indented, cancellationToken);
    }

    private static string Format(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);
}
