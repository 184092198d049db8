namespace PrefixCache.Format.Layouts;

/// <summary>
/// Some segments and some tokens of one shard of one chunk. Its bytes, in the order of segments, then tokens, are what travels.
/// </summary>
/// <param name="Shape">The shard's shape.</param>
/// <param name="ChunkTokens">Tokens of the stored chunk.</param>
/// <param name="FirstSegment">First segment.</param>
/// <param name="Segments">Number of segments.</param>
/// <param name="FirstToken">First token, counted from the start of the chunk.</param>
/// <param name="Tokens">Number of tokens.</param>
public readonly record struct ChunkSlice(ShardShape Shape, int ChunkTokens, int FirstSegment, int Segments, int FirstToken, int Tokens)
{
    public static ChunkSlice Whole(ShardShape shape, int chunkTokens) => new(shape, chunkTokens, 0, shape.Segments, 0, chunkTokens);

    /// <summary>Bytes of the slice.</summary>
    public int Bytes => Tokens * Shape.RangeBytesPerToken(FirstSegment, Segments);

    /// <summary>It has all tokens of its chunk, so it is one contiguous run and its segments are those that checksums cover.</summary>
    public bool IsWholeTokens => FirstToken == 0 && Tokens == ChunkTokens;

    /// <summary>The contiguous run of one segment in the chunk's payload.</summary>
    /// <param name="index">0 to <see cref="Segments"/> - 1.</param>
    public (int Offset, int Length) Run(int index)
    {
        var segment = FirstSegment + index;
        var bytes = Shape.SegmentBytesPerToken(segment);
        return (Shape.SegmentOffset(segment, ChunkTokens) + (FirstToken * bytes), Tokens * bytes);
    }
}
