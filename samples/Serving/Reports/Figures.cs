using System.Globalization;

namespace PrefixCache.Samples.Serving.Reports;

/// <summary>How the tables show numbers, and the median that they quote.</summary>
public static class Figures
{
    /// <summary>A count, with separators.</summary>
    public static string Number(int value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A time, with one decimal.</summary>
    public static string Number(double value) => value.ToString("N1", CultureInfo.InvariantCulture);

    /// <summary>A share of one as a percentage with one decimal.</summary>
    public static string Share(double value) => value.ToString("P1", CultureInfo.InvariantCulture);

    /// <summary>What the cache saved of a time, as a whole percentage; negative when it cost more.</summary>
    public static string Saved(double without, double with) =>
        without <= 0 ? "-" : (1 - with / without).ToString("P0", CultureInfo.InvariantCulture);

    /// <summary>0 of no values.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        if (sorted.Length == 0) return 0;
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
