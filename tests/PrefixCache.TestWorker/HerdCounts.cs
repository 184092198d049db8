namespace PrefixCache.TestWorker;

/// <summary>What workers that began with the same tokens did.</summary>
/// <param name="SharedComputed">Tokens of the common beginning that were computed.</param>
/// <param name="OwnComputed">Tokens behind it that were.</param>
/// <param name="Loaded">Tokens that came from the node, each byte verified.</param>
public sealed record HerdCounts(long SharedComputed, long OwnComputed, long Loaded)
{
    public static HerdCounts None { get; } = new(0, 0, 0);

    public static HerdCounts Add(HerdCounts left, HerdCounts right) => new(
        left.SharedComputed + right.SharedComputed, left.OwnComputed + right.OwnComputed, left.Loaded + right.Loaded);
}
