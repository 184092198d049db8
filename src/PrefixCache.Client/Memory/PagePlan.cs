using PrefixCache.Format.Layouts;

namespace PrefixCache.Client.Memory;

/// <summary>Where tokens lie in the pages of a paged cache, whatever memory those are in.</summary>
internal sealed class PagePlan
{
    private readonly ShardShape _shape;
    private readonly int[] _blockTable;
    private readonly int _blockTokens;
    private readonly int _tokenStride;
    private readonly int _heads;

    /// <param name="segments">How many segments have pages.</param>
    /// <param name="blockTable">Page number of each block of the sequence.</param>
    /// <param name="blockTokens">Tokens in a page.</param>
    /// <param name="tokenStride">Bytes from one token to the next; 0 = they lie behind one another.</param>
    /// <param name="heads">1 = pages are token-major; else [heads][block tokens][head bytes].</param>
    public PagePlan(int segments, ShardShape shape, int[] blockTable, int blockTokens, int tokenStride, int heads)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(segments, shape.Segments, nameof(segments));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(blockTokens);
        ArgumentOutOfRangeException.ThrowIfNegative(tokenStride);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(heads);
        for (var segment = 0; segment < shape.Segments; segment++)
            ArgumentOutOfRangeException.ThrowIfNotEqual(shape.SegmentBytesPerToken(segment) % heads, 0, nameof(heads));
        _shape = shape;
        _blockTable = blockTable;
        _blockTokens = blockTokens;
        _tokenStride = tokenStride;
        _heads = heads;
    }

    /// <summary>The tokens from one on that lie in its page.</summary>
    public PagePlace Find(int segment, int firstToken, int tokens)
    {
        var partBytes = _shape.SegmentBytesPerToken(segment) / _heads;
        // Between tokens of one head where pages are head-major; between whole tokens otherwise.
        var stride = _tokenStride == 0 ? partBytes : _tokenStride;
        var (block, within) = Math.DivRem(firstToken, _blockTokens);
        var offset = ((long)_blockTable[block] * _blockTokens * stride * _heads) + ((long)within * stride);
        return new PagePlace(offset, Math.Min(tokens, _blockTokens - within), stride, partBytes, _heads, _blockTokens * stride);
    }
}
