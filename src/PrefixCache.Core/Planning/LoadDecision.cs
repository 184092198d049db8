namespace PrefixCache.Core.Planning;

/// <summary>The part of a prefix that one tier has, and whether to load it.</summary>
/// <param name="Tier">None = there is no such part.</param>
/// <param name="FirstToken">Of the sequence.</param>
/// <param name="EndToken">Without this token.</param>
/// <param name="LoadNanoseconds">Expected for loading the part.</param>
/// <param name="ComputeNanoseconds">Expected for computing it; 0 = not known.</param>
/// <param name="Load">Whether to load it; of a probe, its beginning.</param>
/// <param name="Reason">What that rests on.</param>
public readonly record struct LoadDecision(
    CacheTier Tier, int FirstToken, int EndToken, long LoadNanoseconds, long ComputeNanoseconds, bool Load, LoadReason Reason)
{
    /// <summary>Where a load that follows the decision ends: <see cref="EndToken"/>, earlier where it probes, the first token where it does
    /// not load.</summary>
    public int LoadEnd { get; init; }
}
