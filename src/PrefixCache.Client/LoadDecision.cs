namespace PrefixCache.Client;

/// <summary>The part of a prompt that one tier of the node has, and whether the node advises to load it.</summary>
/// <param name="FirstToken">Of the prompt.</param>
/// <param name="EndToken">Without this token.</param>
/// <param name="LoadTime">Expected for loading the part.</param>
/// <param name="ComputeTime">Expected for computing it; null = not known.</param>
/// <param name="Load">Whether to load it.</param>
/// <param name="Reason">What that rests on.</param>
public sealed record LoadDecision(
    CacheTier Tier, int FirstToken, int EndToken, TimeSpan LoadTime, TimeSpan? ComputeTime, bool Load, LoadReason Reason);
