namespace PrefixCache.Client;

/// <summary>Where KV lies. The numbers are the contract's.</summary>
public enum CacheTier
{
    None = 0,
    Gpu = 1,
    Host = 2,
    Redis = 3,
}

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

/// <summary>The part of a prompt that one tier of the node has, and whether the node advises to load it.</summary>
/// <param name="FirstToken">Of the prompt.</param>
/// <param name="EndToken">Without this token.</param>
/// <param name="LoadTime">Expected for loading the part.</param>
/// <param name="ComputeTime">Expected for computing it; null = not known.</param>
/// <param name="Load">Whether to load it.</param>
/// <param name="Reason">What that rests on.</param>
public sealed record LoadDecision(
    CacheTier Tier, int FirstToken, int EndToken, TimeSpan LoadTime, TimeSpan? ComputeTime, bool Load, LoadReason Reason);
