namespace PrefixCache.Core.Replay;

/// <summary>How much a node of a replay holds.</summary>
/// <param name="Amount">Chunks or bytes; nothing for <see cref="Unlimited"/>.</param>
public readonly record struct ReplayCapacity(long Amount, bool IsBytes)
{
    public static ReplayCapacity Unlimited { get; } = new(long.MaxValue, false);

    public bool IsUnlimited => Amount == long.MaxValue;

    public static ReplayCapacity Blocks(long blocks) => new(blocks, false);

    public static ReplayCapacity Bytes(long bytes) => new(bytes, true);
}
