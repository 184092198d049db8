using PrefixCache.Format.Layouts;

namespace PrefixCache.Client.Memory;

/// <summary>An engine's paged cache: each segment is a run of pages, and a sequence's tokens lie in the pages of its block table.</summary>
/// <remarks>
/// Token t of a segment lies at blockTable[t / blockTokens] × page bytes + (t % blockTokens) × token stride. Owns nothing.
/// </remarks>
public sealed class PagedKvMemory : IKvMemory
{
    private readonly Memory<byte>[] _segments;
    private readonly ShardShape _shape;
    private readonly int[] _blockTable;
    private readonly int _blockTokens;
    private readonly int _tokenStride;

    /// <param name="segments">The pages of each segment.</param>
    /// <param name="shape">The shard's shape.</param>
    /// <param name="blockTable">Page number of each block of the sequence.</param>
    /// <param name="blockTokens">Tokens in a page.</param>
    /// <param name="tokenStride">Bytes from one token to the next; 0 = they lie behind one another. Pages are blockTokens strides
    /// long.</param>
    public PagedKvMemory(Memory<byte>[] segments, ShardShape shape, int[] blockTable, int blockTokens, int tokenStride = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(segments.Length, shape.Segments, nameof(segments));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(blockTokens);
        ArgumentOutOfRangeException.ThrowIfNegative(tokenStride);
        _segments = segments;
        _shape = shape;
        _blockTable = blockTable;
        _blockTokens = blockTokens;
        _tokenStride = tokenStride;
    }

    public Memory<byte> GetRun(int segment, int firstToken, int tokens)
    {
        var bytes = _shape.SegmentBytesPerToken(segment);
        var stride = _tokenStride == 0 ? bytes : _tokenStride;
        var (block, within) = Math.DivRem(firstToken, _blockTokens);
        var run = stride == bytes ? Math.Min(tokens, _blockTokens - within) : 1;
        var offset = ((long)_blockTable[block] * _blockTokens * stride) + ((long)within * stride);
        return _segments[segment].Slice(checked((int)offset), run * bytes);
    }
}
