using System.Globalization;

namespace PrefixCache.Core.Tiers.Gpu;

/// <summary>How much memory of a device the tier takes at start.</summary>
/// <param name="Bytes">So many; 0 = a share.</param>
/// <param name="Share">Of what is free at start, 0 to 1; 0 with 0 bytes = nothing: the tier is off.</param>
public readonly record struct GpuCapacity(long Bytes, double Share = 0)
{
    /// <summary>
    /// Part of a device that stays free: who runs on it needs some for its own short-lived memory, and fails without.
    /// </summary>
    public const double Headroom = 0.05;

    public bool IsOff => Bytes == 0 && Share == 0;

    /// <summary>Bytes to take of a device.</summary>
    /// <param name="free">Free now.</param>
    /// <param name="total">All that it has.</param>
    /// <param name="usable">Most that could be taken.</param>
    /// <returns>False when that is less than what is wanted.</returns>
    public bool TryResolve(long free, long total, out long bytes, out long usable)
    {
        usable = Math.Max(free - (long)(total * Headroom), 0);
        bytes = Bytes > 0 ? Bytes : Math.Min((long)(free * Share), usable);
        return bytes > 0 && bytes <= usable;
    }

    public override string ToString() =>
        Bytes > 0 ? $"{Bytes >> 20}MiB" : Share.ToString("0.##%", CultureInfo.InvariantCulture);
}
