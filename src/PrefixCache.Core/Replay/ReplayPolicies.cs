using PrefixCache.Core.Eviction;

namespace PrefixCache.Core.Replay;

/// <summary>The policies that a replay can run, by name.</summary>
public static class ReplayPolicies
{
    /// <summary>What the one-pass curve computes too: agrees with caches of flat blocks, and is none of the node's.</summary>
    public const string FlatLru = "lru-flat";

    /// <summary>The optimum, which knows the future; no policy of a node.</summary>
    public const string Belady = "belady";

    public static IReadOnlyList<string> Names { get; } = [.. EvictionPolicies.Names, FlatLru, Belady];

    /// <summary>What is compared where nobody says what.</summary>
    public static IReadOnlyList<string> Default { get; } = ["lru", EvictionPolicies.Default];

    internal static IEvictionPolicy Make(string name) => name == FlatLru ? new FlatLruEviction() : EvictionPolicies.Make(name);
}
