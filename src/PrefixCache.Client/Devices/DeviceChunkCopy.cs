using PrefixCache.Client.SharedMemory;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Client.Devices;

/// <summary>The copy of one chunk of a hit, or of a part of it.</summary>
internal sealed class DeviceChunkCopy(HitSource source, BlockExtent extent, ChunkSlice slice, int firstToken)
{
    /// <summary>Where the block lies.</summary>
    public HitSource Source { get; } = source;

    public BlockExtent Extent { get; } = extent;

    public ChunkSlice Slice { get; } = slice;

    /// <summary>Of the sequence.</summary>
    public int FirstToken { get; } = firstToken;

    public int EndToken => FirstToken + Slice.Tokens;

    /// <summary>The block's first byte, after <see cref="TryBegin"/>.</summary>
    public ulong Address { get; private set; }

    /// <summary>Whether the block is in place before the copy.</summary>
    public bool TryBegin()
    {
        var arena = Source.Arena;
        if (!arena.TryBegin(Extent.Entry, Extent.Generation, out var entry) || entry.Offset != Extent.Offset
            || entry.Length != Slice.Shape.PayloadBytes(Extent.Tokens)) return false;
        Address = Source.AddressOf(Extent.Offset, entry.Length);
        return true;
    }

    /// <summary>Whether it still is, now that the copy has ended.</summary>
    public bool IsStillThere() => Source.Arena.Confirm(Extent.Entry, Extent.Generation);
}
