namespace PrefixCache.Core.Claims;

/// <summary>What a request that asks for a claim is told.</summary>
/// <param name="FirstToken">Granted: the first token that the caller is to compute.</param>
/// <param name="EndToken">Granted: the first that it is not.</param>
/// <param name="PendingTokens">Pending: leading tokens that will be a hit.</param>
/// <param name="Timeout">Granted: the claim ends when nothing is heard of it for so long.</param>
/// <param name="NodeOnly">The claim holds among this node's workers alone.</param>
public readonly record struct ClaimAnswer(
    ClaimOutcome Outcome, int FirstToken = 0, int EndToken = 0, int PendingTokens = 0, TimeSpan Timeout = default, bool NodeOnly = false);
