namespace PrefixCache.Core.Replay;

/// <summary>Which of several nodes serves a request.</summary>
public enum ReplayRouting
{
    /// <summary>One after the other.</summary>
    RoundRobin,

    /// <summary>
    /// The node that served the longest known prefix last, if that is half of the prompt or more; else the one that served fewest tokens.
    /// </summary>
    Sticky,
}
