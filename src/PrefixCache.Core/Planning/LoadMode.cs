namespace PrefixCache.Core.Planning;

/// <summary>Whether a lookup's answer weighs loading against computing.</summary>
public enum LoadMode
{
    /// <summary>The prefix for which loading is expected to be faster than computing.</summary>
    Auto,

    /// <summary>All of the hit.</summary>
    Always,

    /// <summary>Nothing.</summary>
    Never,

    /// <summary>All of the hit unless loading takes several times as long as computing.</summary>
    Throughput,
}
