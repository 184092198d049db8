namespace PrefixCache.Core.Tiers.Redis;

/// <summary>Which chunks are written to Redis.</summary>
public enum RedisWritePolicy
{
    /// <summary>None, but what a request on another node waits for.</summary>
    Never,

    /// <summary>Those that a lookup has hit.</summary>
    OnReuse,

    /// <summary>All, when they are stored.</summary>
    Through,

    /// <summary>Those that are about to leave the host tier.</summary>
    OnEvict,
}
