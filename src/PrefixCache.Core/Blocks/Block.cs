using PrefixCache.Core.Memory;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Core.Blocks;

/// <summary>Contiguous memory of the host tier that holds one shard of one chunk.</summary>
/// <remarks>
/// Owned by the writer until it is committed, then by its <see cref="Index.ChunkNode"/>; freed by the host tier alone. Payload is
/// immutable once committed, so readers under a lease need no lock.
/// </remarks>
public sealed class Block
{
    internal Block(ShardShape shape, int tokens, Extent extent, int entry, ArenaMemory memory)
    {
        Shape = shape;
        Tokens = tokens;
        Extent = extent;
        Entry = entry;
        Arena = memory;
    }

    public ShardShape Shape { get; }

    /// <summary>Tokens of the chunk.</summary>
    public int Tokens { get; }

    /// <summary>[segment][token][bytes per token], exactly Shape.PayloadBytes(Tokens).</summary>
    public Memory<byte> Payload => Arena.Memory;

    /// <summary>XXH3-64 of each segment; empty until committed.</summary>
    public ulong[] Checksums { get; internal set; } = [];

    internal Extent Extent { get; }

    /// <summary>Number of its entry in the control region.</summary>
    internal int Entry { get; }

    internal ArenaMemory Arena { get; }
}
