using PrefixCache.Core.Memory;
using PrefixCache.Format.Hashing;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Core.Blocks;

/// <summary>Contiguous memory of the host tier that holds one shard of one chunk.</summary>
/// <remarks>
/// Owned by the writer until it is committed, then by its <see cref="Index.ChunkNode"/>; freed by the host tier alone. Payload is
/// immutable once committed, so readers under a lease need no lock.
/// </remarks>
public sealed unsafe class Block
{
    private readonly Arena? _arena;

    /// <summary>In the tier's records; 0 until sealed.</summary>
    private nint _checksums;

    internal Block(ShardShape shape, int tokens, Extent extent, int entry, Arena? arena)
    {
        Shape = shape;
        Tokens = tokens;
        Extent = extent;
        Entry = entry;
        _arena = arena;
    }

    public ShardShape Shape { get; }

    /// <summary>Tokens of the chunk.</summary>
    public int Tokens { get; }

    /// <summary>Bytes of the payload.</summary>
    public int PayloadBytes => Shape.PayloadBytes(Tokens);

    /// <summary>[segment][token][bytes per token], <see cref="PayloadBytes"/> long.</summary>
    /// <remarks>The view is made when it is asked for: 40 bytes that most blocks need for the time of one transfer.</remarks>
    /// <exception cref="InvalidOperationException">The block is a replay's, which has no payload.</exception>
    public Memory<byte> Payload =>
        (_arena ?? throw new InvalidOperationException("The block has no memory.")).Slice(Offset, PayloadBytes).Memory;

    /// <summary>
    /// XXH3-64 of each segment, readable while the block is in place; empty until sealed, which is at the commit where the writer
    /// supplied them.
    /// </summary>
    public ReadOnlySpan<ulong> Checksums =>
        Volatile.Read(ref _checksums) is var record and not 0 ? new((void*)record, Shape.Segments) : [];

    /// <summary>The block has its checksums: it may be copied and may leave the tier.</summary>
    public bool IsSealed => Volatile.Read(ref _checksums) != 0;

    /// <summary>Its first byte, as copies of a device name it; valid while the block is in place.</summary>
    internal ulong Address => (ulong)(_arena ?? throw new InvalidOperationException("The block has no memory.")).Base + (ulong)Offset;

    /// <summary>Where it begins, in bytes from the arena's start.</summary>
    public long Offset => Extent.Offset;

    /// <summary>The arena that it lies in.</summary>
    internal Guid ArenaId => _arena?.Id ?? default;

    /// <summary>Number of its entry in the control region.</summary>
    public int Entry { get; }

    /// <summary>The entry's generation while the block is in place; 0 until committed.</summary>
    public ulong Generation { get; internal set; }

    internal Extent Extent { get; }

    /// <summary>Keeps the checksums in a record; readers without the lock see none or all.</summary>
    internal void Seal(RecordPool records, ReadOnlySpan<ulong> checksums)
    {
        var record = records.Take(checksums.Length * sizeof(ulong));
        checksums.CopyTo(new Span<ulong>((void*)record, checksums.Length));
        Volatile.Write(ref _checksums, record);
    }

    /// <summary>The block is freed.</summary>
    internal void ForgetChecksums(RecordPool records)
    {
        if (_checksums != 0) records.Return(_checksums);
        _checksums = 0;
    }

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
