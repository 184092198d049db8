using System.Globalization;
using PrefixCache.Core.Index;
using PrefixCache.Core.Replay;

namespace PrefixCache.Cli.Replay;

/// <summary>Words and numbers as people and programs get them.</summary>
internal static class ReplayText
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

    public static string Of(ReplayMode mode) => mode == ReplayMode.All ? "all" : "full";

    public static string Of(AdmissionMode mode) => mode switch
    {
        AdmissionMode.OnReuse => "on_reuse",
        AdmissionMode.Adaptive => "adaptive",
        _ => "always",
    };

    public static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    public static string Percent(double part) => part.ToString("0.00 %", CultureInfo.InvariantCulture);

    /// <summary>Three digits and a unit of 1,024.</summary>
    public static string Bytes(double bytes)
    {
        var unit = 0;
        for (; bytes >= 999.5 && unit < Units.Length - 1; unit++) bytes /= 1024;
        var digits = bytes >= 99.5 || unit == 0 ? "0" : bytes >= 9.95 ? "0.0" : "0.00";
        return $"{bytes.ToString(digits, CultureInfo.InvariantCulture)} {Units[unit]}";
    }

    /// <summary>1,000 = 1k, as axes write it.</summary>
    public static string Short(double number) => number switch
    {
        >= 1e9 => $"{(number / 1e9).ToString("0.##", CultureInfo.InvariantCulture)}G",
        >= 1e6 => $"{(number / 1e6).ToString("0.##", CultureInfo.InvariantCulture)}M",
        >= 1e3 => $"{(number / 1e3).ToString("0.##", CultureInfo.InvariantCulture)}k",
        _ => number.ToString("0.##", CultureInfo.InvariantCulture),
    };
}
