using System.Globalization;

namespace PrefixCache.GpuCheck.Reporting;

/// <summary>One line of the table.</summary>
internal sealed record CheckRow
{
    public required string Check { get; init; }

    public required Verdict Verdict { get; init; }

    /// <summary>What was found, in <see cref="Unit"/>; null where there is no figure.</summary>
    public double? Measured { get; init; }

    /// <summary>What the plain copy gave in the same run.</summary>
    public double? Limit { get; init; }

    /// <summary>Of both.</summary>
    public string Unit { get; init; } = "";

    /// <summary>How close to the limit, 1 = as good.</summary>
    public double? Ratio { get; init; }

    /// <summary>The least that <see cref="Ratio"/> must be; null = it is shown and decides nothing.</summary>
    public double? Bar { get; init; }

    /// <summary>Why it failed or was skipped, or what was looked at.</summary>
    public string Note { get; init; } = "";

    /// <summary>A speed beside that of the plain copy. Below its bar it has failed, however little is missing.</summary>
    /// <param name="bytes">Of each copy.</param>
    /// <param name="times">Of what is checked; the median counts.</param>
    /// <param name="plain">Of the plain copy.</param>
    public static CheckRow Speed(
        string check, long bytes, IEnumerable<double> times, IEnumerable<double> plain, double? bar, string note = "")
    {
        var (measured, limit) = (bytes / Median(times) / 1e9, bytes / Median(plain) / 1e9);
        return new CheckRow
        {
            Check = check,
            Verdict = bar is null || measured / limit >= bar ? Verdict.Pass : Verdict.Fail,
            Measured = measured,
            Limit = limit,
            Unit = "GB/s",
            Ratio = measured / limit,
            Bar = bar,
            Note = note,
        };
    }

    public static CheckRow Passed(string check, string note = "") => new() { Check = check, Verdict = Verdict.Pass, Note = note };

    public static CheckRow Failed(string check, string note) => new() { Check = check, Verdict = Verdict.Fail, Note = note };

    public static CheckRow Skipped(string check, string note) => new() { Check = check, Verdict = Verdict.Skip, Note = note };

    public static CheckRow If(bool isPassed, string check, string note) => isPassed ? Passed(check, note) : Failed(check, note);

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }

    /// <summary>The row's fields for people: check, measured, limit, ratio, bar, verdict and note.</summary>
    public string[] Cells() =>
    [
        Check,
        Measured is { } measured ? $"{Text(measured)} {Unit}" : "",
        Limit is { } limit ? $"{Text(limit)} {Unit}" : "",
        Ratio is { } ratio ? Text(ratio, "0.00") : "",
        Bar is { } bar ? Text(bar, "0.00") : "",
        Verdict.ToString().ToUpperInvariant(),
        Note.ReplaceLineEndings(" "),
    ];

    private static string Text(double value, string? format = null) =>
        value.ToString(format ?? (Math.Abs(value) >= 100 ? "#,0" : "0.0#"), CultureInfo.InvariantCulture);
}
