namespace PrefixCache.Core.Eviction;

/// <summary>The eviction policies of a node, by name.</summary>
public static class EvictionPolicies
{
    /// <summary>What a node runs where nobody says what.</summary>
    public const string Default = "reuse";

    private static readonly Dictionary<string, Func<IEvictionPolicy>> Factories = new(StringComparer.Ordinal)
    {
        ["lru"] = static () => new LruEviction(),
        ["s3fifo"] = static () => new S3FifoEviction(),
        ["reuse"] = static () => new ReuseEviction(),
    };

    public static IReadOnlyList<string> Names { get; } = [.. Factories.Keys];

    internal static IEvictionPolicy Make(string name) => Factories[name]();
}
