namespace PrefixCache.Client;

/// <summary>Why a hit ends where it does.</summary>
public enum MissReason
{
    /// <summary>It does not: all tokens are a hit.</summary>
    None,

    /// <summary>Nobody stored the tokens, or so long ago that it is forgotten.</summary>
    NeverSeen,

    /// <summary>They were there and had to go.</summary>
    Evicted,

    /// <summary>They are being stored, or a shard of them is missing yet.</summary>
    Pending,

    /// <summary>They were offered when no memory could be had for them.</summary>
    Quota,

    /// <summary>They are there under another layout.</summary>
    Layout,

    /// <summary>They were offered and not admitted, or are there and cut by the alignment or the least run.</summary>
    Policy,

    /// <summary>There is no answer: the node is away, was too slow, or refused the request as faulty. An event says which.</summary>
    TimeOut,
}
