namespace PrefixCache.Client;

/// <summary>What a node has of a prefix that it was told to load.</summary>
/// <param name="HitTokens">Leading tokens in its memory.</param>
/// <param name="PendingTokens">Leading tokens that will be when what was begun has come.</param>
public sealed record PrefetchedPrefix(int HitTokens, int PendingTokens);
