namespace PrefixCache.Core.Tiers.Redis;

/// <summary>What writing a chunk to Redis came to.</summary>
internal enum ChunkWriteOutcome
{
    Written,

    /// <summary>Another writer's was there first; this one's parts are gone.</summary>
    Present,

    /// <summary>Redis evicted some of the parts before the manifest was there.</summary>
    Evicted,
}
