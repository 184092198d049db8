using PrefixCache.Core.Index;

namespace PrefixCache.Core.Tiers.Redis;

/// <summary>A chunk that is to be written.</summary>
internal readonly record struct WriteJob(ChunkNode Node);
