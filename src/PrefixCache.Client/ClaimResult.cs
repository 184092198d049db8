namespace PrefixCache.Client;

/// <summary>What became of a claim.</summary>
/// <param name="Outcome">What to do.</param>
/// <param name="FirstToken">Granted: first token that is this process's to compute.</param>
/// <param name="EndToken">Granted: the first that is not.</param>
/// <param name="PendingTokens">Pending: leading tokens that will be a hit.</param>
/// <param name="Timeout">Granted: claim again, or store, within this time, else it ends.</param>
/// <param name="NodeOnly">The claim holds among the workers of this node alone.</param>
public sealed record ClaimResult(
    ClaimOutcome Outcome, int FirstToken = 0, int EndToken = 0, int PendingTokens = 0, TimeSpan Timeout = default, bool NodeOnly = false);
