using PrefixCache.Benchmarks.Lookup;

namespace PrefixCache.Benchmarks.Redis;

/// <summary>What one side reached, a value a round.</summary>
internal sealed class SideSpeeds
{
    /// <summary>GB/s.</summary>
    public List<double> Stores { get; } = [];

    /// <summary>GB/s.</summary>
    public List<double> Loads { get; } = [];

    /// <summary>Microseconds, one a probe.</summary>
    public List<double> Probes { get; } = [];

    public double Store => LookupWorkload.Percentile(Stores, 0.5);

    public double Load => LookupWorkload.Percentile(Loads, 0.5);

    public double Probe => LookupWorkload.Percentile(Probes, 0.5);
}
