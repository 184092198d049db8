namespace PrefixCache.TestWorker;

/// <summary>What a <see cref="PromptSharer"/> did.</summary>
public sealed record ShareCounts(long Lookups, long Hits, long Chunks, long BytesVerified, long Appends, long Clears)
{
    /// <summary>Bytes that came out of a device's memory.</summary>
    public long DeviceBytes { get; init; }

    public static ShareCounts None { get; } = new(0, 0, 0, 0, 0, 0);

    public ShareCounts Plus(ShareCounts other) => new(Lookups + other.Lookups, Hits + other.Hits, Chunks + other.Chunks,
        BytesVerified + other.BytesVerified, Appends + other.Appends, Clears + other.Clears)
    {
        DeviceBytes = DeviceBytes + other.DeviceBytes,
    };
}
