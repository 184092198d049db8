using System.Text.Json.Serialization;

namespace PrefixCache.Benchmarks.Reporting;

/// <summary>One measured value and whether it holds its bar.</summary>
/// <param name="Name">What was measured, in lower case with underscores.</param>
/// <param name="Value">The measured value, in <paramref name="Unit"/>.</param>
/// <param name="Unit">Unit of value and reference.</param>
/// <param name="Reference">The same measured on the reference in the same run; null where the bar is on the value itself.</param>
/// <param name="Ratio">Value over reference; null where there is no reference.</param>
/// <param name="Bar">The bar on the ratio, or on the value where there is no reference; null where there is none.</param>
/// <param name="Holds">Whether the bar is held.</param>
internal sealed record BenchmarkResult(
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("value")] double Value,
    [property: JsonPropertyName("unit")] string Unit,
    [property: JsonPropertyName("reference")] double? Reference,
    [property: JsonPropertyName("ratio")] double? Ratio,
    [property: JsonPropertyName("bar")] double? Bar,
    [property: JsonPropertyName("holds")] bool Holds)
{
    /// <summary>A value that must reach a share of its reference.</summary>
    public static BenchmarkResult AtLeast(string name, double value, string unit, double reference, double bar) =>
        new(name, value, unit, reference, value / reference, bar, value / reference >= bar);

    /// <summary>A value that may be at most a multiple of its reference.</summary>
    public static BenchmarkResult AtMostTimes(string name, double value, string unit, double reference, double bar) =>
        new(name, value, unit, reference, value / reference, bar, value / reference <= bar);

    /// <summary>A value that is worth knowing and has no bar.</summary>
    public static BenchmarkResult Shown(string name, double value, string unit, double? reference = null) =>
        new(name, value, unit, reference, reference is { } known ? value / known : null, null, true);

    /// <summary>A value that must reach a bar of its own.</summary>
    public static BenchmarkResult AtLeast(string name, double value, string unit, double bar) =>
        new(name, value, unit, null, null, bar, value >= bar);

    /// <summary>A value with a bar of its own.</summary>
    public static BenchmarkResult AtMost(string name, double value, string unit, double bar) =>
        new(name, value, unit, null, null, bar, value <= bar);
}
