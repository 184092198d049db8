namespace PrefixCache.Core.Planning;

/// <summary>How much of a hit to load, and why.</summary>
/// <param name="LoadTokens">Leading tokens of the hit to load; a multiple of the engine's block size.</param>
/// <param name="Host">What was decided for the host tier's part.</param>
/// <param name="Redis">What was decided for the part that Redis has behind it.</param>
public readonly record struct LoadPlan(int LoadTokens, LoadDecision Host, LoadDecision Redis)
{
    /// <summary>What was decided for the part that lies on the session's device, before the host tier's.</summary>
    public LoadDecision Gpu { get; init; }
}
