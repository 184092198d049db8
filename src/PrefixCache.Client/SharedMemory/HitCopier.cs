using PrefixCache.Client.Memory;
using PrefixCache.Client.Transfers;
using PrefixCache.Format.Hashing;
using PrefixCache.Format.Layouts;
using PrefixCache.Format.SharedMemory;

namespace PrefixCache.Client.SharedMemory;

/// <summary>Copies a hit out of the arena into the caller's memory, and makes sure that it was in place all the while.</summary>
/// <remarks>
/// The generation of each block is loaded before its copy and, behind a full fence, after it: where they differ, what was copied counts for
/// nothing. Whole sealed chunks are hashed on the way and compared with the block's checksum. Used once, on the caller's thread.
/// </remarks>
internal sealed unsafe class HitCopier
{
    private readonly ArenaView _arena;
    private readonly KvLayout _layout;
    private readonly ShardShape _shape;
    private readonly HitExtents _extents;
    private readonly TransferOptions _options;
    private readonly int _endToken;
    private readonly IKvMemory _destination;
    private readonly bool _verify;

    public HitCopier(ArenaView arena, KvLayout layout, HitExtents extents, TransferOptions options, int endToken, IKvMemory destination,
        bool verify)
    {
        _arena = arena;
        _layout = layout;
        _shape = layout.Shapes[options.Shard];
        _extents = extents;
        _options = options;
        _endToken = endToken;
        _destination = destination;
        _verify = verify;
    }

    /// <summary>Tokens before this one are in place.</summary>
    public int EndToken { get; private set; }

    public long Bytes { get; private set; }

    /// <summary>Why not all is in place; empty when all is.</summary>
    public string Failure { get; private set; } = "";

    /// <summary>Copies chunk by chunk, or layer by layer; stops at the first chunk that is not in place.</summary>
    public void Copy(CancellationToken cancellationToken)
    {
        EndToken = _options.FirstToken;
        var copies = Copies();
        if (_options.LayerOrder) CopyLayers(copies, cancellationToken);
        else CopyChunks(copies, cancellationToken);
    }

    private List<ChunkCopy> Copies()
    {
        var copies = new List<ChunkCopy>();
        for (var token = _options.FirstToken; token < _endToken;)
        {
            var position = token / _layout.ChunkTokens;
            var end = Math.Min((position + 1) * _layout.ChunkTokens, _endToken);
            var extent = _extents[position];
            var slice = new ChunkSlice(_shape, extent.Tokens, 0, _shape.Segments, token - (position * _layout.ChunkTokens), end - token);
            copies.Add(new ChunkCopy(extent, slice, token));
            token = end;
        }

        return copies;
    }

    private void CopyChunks(List<ChunkCopy> copies, CancellationToken cancellationToken)
    {
        foreach (var copy in copies)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!TryBegin(copy)) return;
            for (var segment = 0; segment < _shape.Segments; segment++) CopySegment(copy, segment);
            if (!TryEnd(copy)) return;
            EndToken = copy.FirstToken + copy.Slice.Tokens;
        }
    }

    /// <summary>Every token is incomplete until the last layer is there.</summary>
    private void CopyLayers(List<ChunkCopy> copies, CancellationToken cancellationToken)
    {
        if (!copies.TrueForAll(TryBegin)) return;
        for (var segment = 0; segment < _shape.Segments; segment++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (var copy in copies) CopySegment(copy, segment);
        }

        if (copies.TrueForAll(TryEnd)) EndToken = _endToken;
    }

    private bool TryBegin(ChunkCopy copy)
    {
        var extent = copy.Extent;
        if (!_arena.TryBegin(extent.Entry, extent.Generation, out var entry) || entry.Offset != extent.Offset
            || entry.Length != _shape.PayloadBytes(extent.Tokens)) return Fail("The block was taken back before it was copied.");
        copy.Source = _arena.Payload(extent.Offset, entry.Length);
        copy.Checksum = entry.Checksum;
        if (_verify && entry.Checksum != 0 && copy.Slice.IsWholeTokens) copy.Hashes = new ulong[_shape.Segments];
        return true;
    }

    private void CopySegment(ChunkCopy copy, int segment)
    {
        var (offset, length) = copy.Slice.Run(segment);
        var tokens = new SegmentTokens(segment, copy.FirstToken, copy.Slice.Tokens, _shape.SegmentBytesPerToken(segment));
        if (copy.Hashes is { } hashes) hashes[segment] = TileCopy.LoadHashed(copy.Source + offset, _destination, tokens);
        else TileCopy.Load(copy.Source + offset, _destination, tokens);
        Bytes += length;
    }

    private bool TryEnd(ChunkCopy copy)
    {
        if (!_arena.Confirm(copy.Extent.Entry, copy.Extent.Generation)) return Fail("The block was taken back while it was copied.");
        return copy.Hashes is not { } hashes || Xxh3.HashOfHashes(hashes) == copy.Checksum
            || Fail("The block does not fit its checksum: a process that maps the arena has damaged it.");
    }

    private bool Fail(string reason)
    {
        Failure = reason;
        return false;
    }

    /// <summary>The copy of one chunk.</summary>
    private sealed class ChunkCopy(BlockExtent extent, ChunkSlice slice, int firstToken)
    {
        public BlockExtent Extent { get; } = extent;

        public ChunkSlice Slice { get; } = slice;

        /// <summary>Of the sequence.</summary>
        public int FirstToken { get; } = firstToken;

        public byte* Source { get; set; }

        public ulong Checksum { get; set; }

        /// <summary>Of each segment; null where the slice cannot be verified.</summary>
        public ulong[]? Hashes { get; set; }
    }
}
