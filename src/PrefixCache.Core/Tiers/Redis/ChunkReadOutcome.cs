namespace PrefixCache.Core.Tiers.Redis;

/// <summary>What reading a chunk from Redis came to.</summary>
internal enum ChunkReadOutcome
{
    Loaded,

    /// <summary>A part is missing or short, or a checksum is wrong.</summary>
    Damaged,
}
