namespace PrefixCache.Core.Planning;

/// <summary>What a load is expected to cost before anybody measured one.</summary>
/// <param name="FixedNanoseconds">Of each load, whatever its size.</param>
/// <param name="NanosecondsPerByte">Of each byte: 1 / (GB/s).</param>
internal readonly record struct LoadPrior(double FixedNanoseconds, double NanosecondsPerByte)
{
    /// <summary>Figures and where they come from: docs/planning.md.</summary>
    public static LoadPrior Of(LoadSource source) => source switch
    {
        LoadSource.SharedMemory => new LoadPrior(50_000, 1 / 13.0),
        LoadSource.Device => new LoadPrior(50_000, 1 / 100.0),
        LoadSource.Redis => new LoadPrior(1_000_000, 1 / 2.5),
        _ => new LoadPrior(300_000, 1 / 1.5),
    };

    /// <summary>Nanoseconds of one load.</summary>
    public double Estimate(double bytes) => FixedNanoseconds + (NanosecondsPerByte * bytes);
}
