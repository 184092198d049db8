namespace PrefixCache.GpuCheck.Worker;

/// <summary>What a worker process answers to a command: one JSON line.</summary>
internal sealed record WorkerReply
{
    /// <summary>Empty when all went well.</summary>
    public string Error { get; init; } = "";

    /// <summary>Seconds of each retrieve.</summary>
    public IReadOnlyList<double> Retrieves { get; init; } = [];

    /// <summary>Seconds of each lookup, retrieve and release together.</summary>
    public IReadOnlyList<double> Requests { get; init; } = [];

    /// <summary>Seconds of the plain copies between them.</summary>
    public IReadOnlyList<double> Plain { get; init; } = [];

    /// <summary>counts, stop: hits of which every byte was verified.</summary>
    public long Hits { get; init; }

    /// <summary>Of those, such as came out of the device's memory whole.</summary>
    public long DeviceHits { get; init; }

    /// <summary>counts, stop: lookups and retrieves that gave nothing, or not all.</summary>
    public long Misses { get; init; }

    /// <summary>For people.</summary>
    public string Note { get; init; } = "";
}
