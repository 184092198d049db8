namespace PrefixCache.Core.Planning;

/// <summary>What a decision rests on. The numbers are the contract's.</summary>
public enum LoadReason
{
    /// <summary>The expected times were compared.</summary>
    Estimate = 0,

    /// <summary>The mode says so.</summary>
    Mode = 1,

    /// <summary>It looks slower than computing and is tried nevertheless.</summary>
    Probe = 2,

    /// <summary>No prefill was measured yet.</summary>
    Unknown = 3,
}
