using System.Globalization;

namespace PrefixCache.Server.Options;

/// <summary>Reads and writes option values: sizes, durations, shares, numbers, switches.</summary>
internal static class OptionValue
{
    private static readonly (string Unit, long Bytes)[] SizeUnits =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40),
        ("kB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000), ("B", 1),
    ];

    private static readonly (string Unit, TimeSpan Length)[] TimeUnits =
    [
        ("ms", TimeSpan.FromMilliseconds(1)), ("s", TimeSpan.FromSeconds(1)), ("m", TimeSpan.FromMinutes(1)), ("h", TimeSpan.FromHours(1)),
    ];

    public static bool TrySize(string text, out long bytes)
    {
        var (number, scale) = (text, 1L);
        foreach (var (unit, length) in SizeUnits)
        {
            if (!text.EndsWith(unit, StringComparison.OrdinalIgnoreCase)) continue;
            (number, scale) = (text[..^unit.Length], length);
            break;
        }

        bytes = 0;
        if (!decimal.TryParse(number.Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)) return false;
        if (value > (decimal)long.MaxValue / scale) return false;
        bytes = (long)(value * scale);
        return true;
    }

    public static bool TryTime(string text, out TimeSpan time)
    {
        time = default;
        foreach (var (unit, length) in TimeUnits)
        {
            if (!text.EndsWith(unit, StringComparison.OrdinalIgnoreCase)) continue;
            if (!double.TryParse(
                text[..^unit.Length].Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)) return false;
            if (!(value * length.TotalHours <= 24 * 365)) return false; // Not a number, too.
            time = length * value;
            return true;
        }

        return false;
    }

    public static bool TryNumber<T>(string text, out T value)
        where T : struct, System.Numerics.INumber<T> => T.TryParse(text, NumberStyles.Number, CultureInfo.InvariantCulture, out value);

    public static string FormatSize(long bytes)
    {
        foreach (var (unit, length) in SizeUnits.Take(4).Reverse())
            if (bytes >= length && bytes % length == 0) return string.Create(CultureInfo.InvariantCulture, $"{bytes / length}{unit}");
        return string.Create(CultureInfo.InvariantCulture, $"{bytes}B");
    }

    public static string FormatTime(TimeSpan time)
    {
        foreach (var (unit, length) in Enumerable.Reverse(TimeUnits))
            if (time >= length && time.Ticks % length.Ticks == 0) return string.Create(
                CultureInfo.InvariantCulture, $"{time.Ticks / length.Ticks}{unit}");
        return string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds}ms");
    }
}
