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

    /// <exception cref="ArgumentException">There is no policy of that name.</exception>
    internal static IEvictionPolicy Make(string name) => Factories.TryGetValue(name, out var make)
        ? make()
        : throw new ArgumentException($"There is no eviction policy '{name}': one of {string.Join(", ", Names)}.", nameof(name));
}
