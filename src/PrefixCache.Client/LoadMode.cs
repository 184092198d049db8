namespace PrefixCache.Client;

/// <summary>Whether the node weighs loading against computing. The numbers are the contract's.</summary>
public enum LoadMode
{
    /// <summary>As the node's option load-mode says.</summary>
    NodeDefault = 0,

    /// <summary>The prefix for which loading is expected to be faster than computing.</summary>
    Auto = 1,

    /// <summary>All of the hit.</summary>
    Always = 2,

    /// <summary>Nothing.</summary>
    Never = 3,

    /// <summary>All of the hit unless loading takes several times as long as computing.</summary>
    Throughput = 4,
}
