namespace PrefixCache.Core.Eviction;

/// <summary>What policies keep of a chunk; the ghost of an evicted one keeps it too.</summary>
internal struct ReuseState
{
    /// <summary>When it was last used, by the policy's clock.</summary>
    public long UsedAt;

    public int Uses;

    /// <summary>Children that are here.</summary>
    public int Children;

    /// <summary>Where it stands, if it is listed.</summary>
    public int Queue;

    public bool IsResident;

    /// <summary>S3-FIFO: it was here before.</summary>
    public bool WasEvicted;

    /// <summary>S3-FIFO: it stands in the main queue.</summary>
    public bool IsMain;

    public bool IsListed;
}
