namespace PrefixCache.Cli.Plan.Models;

/// <summary>Whole numbers, rounded to the side that promises less.</summary>
internal static class Rounding
{
    /// <summary>Rounded up.</summary>
    public static long Divide(long number, long by) => (number + by - 1) / by;

    /// <summary>Rounded up.</summary>
    public static int Divide(int number, int by) => (int)Divide((long)number, by);

    /// <summary>The next multiple, or the number itself.</summary>
    public static long Up(long number, long step) => Divide(number, step) * step;

    public static long Down(long number, long step) => number / step * step;
}
