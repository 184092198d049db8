namespace PrefixCache.Core.Replay;

/// <summary>Which chunks of a prompt count.</summary>
public enum ReplayMode
{
    /// <summary>All, the short last one too.</summary>
    All,

    /// <summary>Whole chunks alone, as with an engine that shares no others.</summary>
    Full,
}
