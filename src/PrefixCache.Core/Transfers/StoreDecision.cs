namespace PrefixCache.Core.Transfers;

public enum StoreAction
{
    Wanted,
    Present,
    Refused,
}

public enum RefusalReason
{
    None,
    NoMemory,
    ParentMissing,
    TooLarge,

    /// <summary>Offered for the first time, under an admission that waits for the second.</summary>
    NotReused,

    /// <summary>Beyond what the request may have stored.</summary>
    StoreLimit,
}

public enum StoreOutcome
{
    Committed,

    /// <summary>Somebody else's commit came first.</summary>
    Duplicate,

    /// <summary>The namespace was cleared meanwhile.</summary>
    Cleared,
}

/// <summary>What a worker could send.</summary>
/// <param name="Handle">Chunk position.</param>
/// <param name="Tokens">Tokens of it.</param>
public readonly record struct StoreOffer(ulong Handle, int Tokens);

/// <summary>What the node says to an offer.</summary>
public readonly record struct StoreDecision(ulong Handle, StoreAction Action, RefusalReason Reason = RefusalReason.None)
{
    /// <summary>Of a wanted chunk: how many of its first tokens, where the rest is not to be kept; 0 = all that were offered.</summary>
    public int Tokens { get; init; }
}
