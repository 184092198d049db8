namespace PrefixCache.Core.Tiers.Redis;

/// <summary>Why a chunk was not loaded or written that was to be.</summary>
public enum RedisDrop
{
    None = 0,

    /// <summary>The queue was full.</summary>
    QueueFull = 1,

    /// <summary>Redis was away or took no writes.</summary>
    Away = 2,

    /// <summary>No memory of the host tier could be had to load into.</summary>
    NoMemory = 3,

    /// <summary>It failed on the way.</summary>
    Failed = 4,

    /// <summary>It was evicted or cleared before its turn came.</summary>
    Gone = 5,
}
