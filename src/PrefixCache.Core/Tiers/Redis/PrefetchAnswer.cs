namespace PrefixCache.Core.Tiers.Redis;

/// <summary>What is there of a prefix, and what is on its way.</summary>
/// <param name="HitTokens">Leading tokens in the host tier.</param>
/// <param name="PendingTokens">Leading tokens that will be when what was begun has come.</param>
public readonly record struct PrefetchAnswer(int HitTokens, int PendingTokens);
