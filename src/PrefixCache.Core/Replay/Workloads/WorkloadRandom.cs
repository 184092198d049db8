namespace PrefixCache.Core.Replay.Workloads;

/// <summary>SplitMix64: the same numbers from the same seed on every machine and in every version.</summary>
internal sealed class WorkloadRandom(ulong seed)
{
    private ulong _state = seed;

    /// <summary>At least 0, below 1.</summary>
    public double NextUnit() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Both ends are among the results.</summary>
    public int NextInt(int from, int to) => from + (int)(NextUnit() * (to - from + 1));

    /// <summary>Times between independent events that are <paramref name="mean"/> apart on average.</summary>
    public double NextExponential(double mean) => -mean * Math.Log(1 - NextUnit());

    /// <summary>Times that people take: half of them below <paramref name="median"/>, few much above.</summary>
    /// <param name="sigma">Of the logarithm; 0 = always the median.</param>
    public double NextLogNormal(double median, double sigma)
    {
        var radius = Math.Sqrt(-2 * Math.Log(1 - NextUnit()));
        return median * Math.Exp(sigma * radius * Math.Cos(2 * Math.PI * NextUnit()));
    }

    private ulong Next()
    {
        var mixed = _state += 0x9E37_79B9_7F4A_7C15;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58_476D_1CE4_E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D0_49BB_1331_11EB;
        return mixed ^ (mixed >> 31);
    }
}
