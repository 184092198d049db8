namespace PrefixCache.Benchmarks.Local;

/// <summary>What a worker process measured, in GB/s; each list has an entry a round, and rounds take turns.</summary>
internal sealed record CopySpeeds
{
    public List<double> Memcpy { get; init; } = [];

    public List<double> Retrieve { get; init; } = [];

    public List<double> Store { get; init; } = [];

    public List<double> TokenMajorPlain { get; init; } = [];

    public List<double> TokenMajor { get; init; } = [];

    public List<double> HeadMajorPlain { get; init; } = [];

    public List<double> HeadMajor { get; init; } = [];

    /// <summary>Lookup, retrieve and release together.</summary>
    public List<double> Request { get; init; } = [];

    /// <summary>A store out of head-major pages.</summary>
    public List<double> HeadMajorStore { get; init; } = [];
}
