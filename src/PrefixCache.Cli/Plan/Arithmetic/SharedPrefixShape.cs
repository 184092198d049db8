namespace PrefixCache.Cli.Plan.Arithmetic;

/// <summary>What requests have in common.</summary>
/// <param name="Tokens">Of one prefix.</param>
/// <param name="Count">Different prefixes of that length.</param>
/// <param name="HitRate">Share of requests that find theirs.</param>
internal sealed record SharedPrefixShape(int Tokens, int Count, double HitRate);
