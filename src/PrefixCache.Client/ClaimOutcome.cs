namespace PrefixCache.Client;

/// <summary>What the node says to who would compute what a reservation lacks.</summary>
public enum ClaimOutcome
{
    /// <summary>It is this process's to compute, from now on or still.</summary>
    Granted,

    /// <summary>Another request computes a part of it: look up again, and wait.</summary>
    Pending,

    /// <summary>More is a hit by now than the last lookup answered: look up again.</summary>
    Hit,

    /// <summary>Nothing is left to compute, or the claim was let go.</summary>
    Nothing,

    /// <summary>There is no answer: the node is away, too slow, or too old. Compute.</summary>
    Unknown = -1,
}
