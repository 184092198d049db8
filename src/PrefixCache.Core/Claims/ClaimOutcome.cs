namespace PrefixCache.Core.Claims;

/// <summary>What a request that asks for a claim is told.</summary>
public enum ClaimOutcome
{
    /// <summary>The range is the caller's to compute, from now on or still.</summary>
    Granted,

    /// <summary>Another request computes a prefix of it.</summary>
    Pending,

    /// <summary>More than the last lookup answered is a hit by now.</summary>
    Hit,

    /// <summary>Nothing is left to compute, or the claim was let go.</summary>
    Nothing,
}
