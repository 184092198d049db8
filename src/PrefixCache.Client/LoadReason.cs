namespace PrefixCache.Client;

/// <summary>What a decision rests on. The numbers are the contract's.</summary>
public enum LoadReason
{
    /// <summary>The expected times were compared.</summary>
    Estimate = 0,

    /// <summary>The mode says so.</summary>
    Mode = 1,

    /// <summary>It looks slower than computing and a part is tried nevertheless, so that the estimate stays true.</summary>
    Probe = 2,

    /// <summary>No prefill was reported yet: loaded, so that something is measured.</summary>
    Unknown = 3,
}
