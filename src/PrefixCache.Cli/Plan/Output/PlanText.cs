using System.Globalization;

namespace PrefixCache.Cli.Plan.Output;

/// <summary>Figures as people read them. GiB = 2^30 and GB = 10^9 bytes, both where they could be confused.</summary>
internal static class PlanText
{
    private static readonly string[] Binary = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

    public static string Of(PlanLine line) => line.Value is { } value ? Of(value, line.Unit) : "none";

    public static string Of(double value, PlanUnit unit) => unit switch
    {
        PlanUnit.Bytes => Bytes(value),
        PlanUnit.Flops => Flops(value),
        PlanUnit.Seconds => value < 1 ? $"{Digits(value * 1000)} ms" : $"{Digits(value)} s",
        PlanUnit.Share => Percent(value),
        PlanUnit.PerSecond => $"{Digits(value)} /s",
        _ => Number(value),
    };

    public static string Number(double value) => value.ToString("N0", CultureInfo.InvariantCulture);

    public static string Percent(double share) => (share * 100).ToString("0.##", CultureInfo.InvariantCulture) + " %";

    /// <summary>Exact below 1 MiB; above in both units.</summary>
    public static string Bytes(double bytes)
    {
        if (bytes < 1 << 20) return bytes < 1 << 10 ? $"{Number(bytes)} B" : $"{Number(bytes)} B ({Scaled(bytes, 1024, Binary)})";
        return $"{Scaled(bytes, 1024, Binary)} ({Metric(bytes)})";
    }

    /// <summary>Bytes in powers of 1,000.</summary>
    public static string Metric(double bytes) => Scaled(bytes, 1000, ["B", "kB", "MB", "GB", "TB", "PB"]);

    private static string Flops(double flops) => Scaled(flops, 1000, ["FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP", "EFLOP"]);

    private static string Scaled(double value, double scale, string[] units)
    {
        var unit = 0;
        for (; value >= scale && unit < units.Length - 1; unit++) value /= scale;
        return $"{Digits(value)} {units[unit]}";
    }

    /// <summary>Two decimals below 100, one below 1,000.</summary>
    private static string Digits(double value) =>
        value.ToString(value < 100 ? "0.##" : value < 1000 ? "0.#" : "#,0", CultureInfo.InvariantCulture);
}
