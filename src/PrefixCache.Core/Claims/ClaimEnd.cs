namespace PrefixCache.Core.Claims;

/// <summary>How a claim ended.</summary>
public enum ClaimEnd
{
    /// <summary>All of its range is there.</summary>
    Completed,

    /// <summary>Its owner let it go, released the request, or the namespace was cleared.</summary>
    LetGo,

    /// <summary>Its owner's scheduler session ended.</summary>
    SessionLost,

    /// <summary>Nothing was heard of it for claim-timeout.</summary>
    TimedOut,
}
