using PrefixCache.Core.Index;

namespace PrefixCache.Core.Blocks;

/// <summary>A committed block whose writer supplied no checksums, and whose it is.</summary>
internal readonly record struct UnsealedBlock(ChunkNode Node, int Shard, Block Block);
