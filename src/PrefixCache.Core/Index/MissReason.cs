namespace PrefixCache.Core.Index;

/// <summary>Why tokens were no hit.</summary>
public enum MissReason : byte
{
    None,

    /// <summary>Nobody stored them, or so long ago that it is forgotten.</summary>
    NeverSeen,

    /// <summary>They were here and had to go.</summary>
    Evicted,

    /// <summary>They are being stored, or a shard of them is missing yet.</summary>
    Pending,

    /// <summary>They were offered when no memory could be had for them.</summary>
    Quota,

    /// <summary>They are here under another layout.</summary>
    Layout,

    /// <summary>They were offered and not admitted, or are here and cut by align_tokens or min-partial-tokens.</summary>
    Policy,

    /// <summary>A slower tier did not answer in time.</summary>
    TimeOut,
}
