using PrefixCache.Core.Memory;
using PrefixCache.Format.Hashing;
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

    /// <summary>XXH3-64 of each segment; empty until sealed, which is at the commit where the writer supplied them.</summary>
    public ulong[] Checksums { get; internal set; } = [];

    /// <summary>The block has its checksums: it may be copied and may leave the tier.</summary>
    public bool IsSealed => Checksums.Length > 0;

    /// <summary>Where it begins, in bytes from the arena's start.</summary>
    public long Offset => Extent.Offset;

    /// <summary>Number of its entry in the control region.</summary>
    public int Entry { get; }

    /// <summary>The entry's generation while the block is in place; 0 until committed.</summary>
    public ulong Generation { get; internal set; }

    internal Extent Extent { get; }

    internal ArenaMemory Arena { get; }

    /// <summary>XXH3-64 of each segment as it is now; the block must stay in place meanwhile.</summary>
    public ulong[] ComputeChecksums()
    {
        var payload = Payload.Span;
        var whole = ChunkSlice.Whole(Shape, Tokens);
        var checksums = new ulong[Shape.Segments];
        for (var segment = 0; segment < checksums.Length; segment++)
        {
            var (offset, length) = whole.Run(segment);
            checksums[segment] = Xxh3.Hash64(payload.Slice(offset, length));
        }

        return checksums;
    }
}
