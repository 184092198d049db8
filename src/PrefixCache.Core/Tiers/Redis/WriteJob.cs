using PrefixCache.Core.Index;

namespace PrefixCache.Core.Tiers.Redis;

/// <summary>A chunk that is to be written.</summary>
/// <param name="IsLeased">It is kept in place for that from now on, for it would be evicted otherwise.</param>
internal readonly record struct WriteJob(ChunkNode Node, bool IsLeased);
