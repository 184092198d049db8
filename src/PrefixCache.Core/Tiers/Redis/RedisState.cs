namespace PrefixCache.Core.Tiers.Redis;

/// <summary>What Redis is good for now.</summary>
public enum RedisState
{
    /// <summary>It is read and written.</summary>
    Available,

    /// <summary>It is read and takes no writes now.</summary>
    ReadOnly,

    /// <summary>It is left alone until it is well again.</summary>
    Away,
}
