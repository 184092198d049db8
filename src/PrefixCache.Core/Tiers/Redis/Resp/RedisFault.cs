namespace PrefixCache.Core.Tiers.Redis.Resp;

/// <summary>What went wrong with Redis.</summary>
public enum RedisFault
{
    None,

    /// <summary>The server cannot be reached, or the connection broke.</summary>
    Connection,

    /// <summary>No byte moved for the time-out.</summary>
    TimeOut,

    /// <summary>It refuses writes for want of memory (<c>OOM</c>).</summary>
    OutOfMemory,

    /// <summary>It reads its data from disk (<c>LOADING</c>).</summary>
    Loading,

    /// <summary>It is a replica, or its disk is broken (<c>READONLY</c>, <c>MISCONF</c>, <c>NOREPLICAS</c>).</summary>
    ReadOnly,

    /// <summary>The slot is another server's (<c>MOVED</c>, <c>ASK</c>, <c>TRYAGAIN</c>).</summary>
    Moved,

    /// <summary>The cluster lacks a master (<c>CLUSTERDOWN</c>, <c>MASTERDOWN</c>).</summary>
    ClusterDown,

    /// <summary>User, password or rights are not enough (<c>NOAUTH</c>, <c>WRONGPASS</c>, <c>NOPERM</c>).</summary>
    Denied,

    /// <summary>The key holds something that is not ours (<c>WRONGTYPE</c>).</summary>
    WrongType,

    /// <summary>What came is no RESP.</summary>
    Protocol,

    /// <summary>Any other error of the server.</summary>
    Other,
}
