using PrefixCache.Format.Layouts;

namespace PrefixCache.Client.Memory;

/// <summary>An engine's paged cache: each segment is an array of pages; a sequence's tokens lie in those of its block table.</summary>
/// <remarks>
/// A segment has one of two shapes, the same for all:
/// token-major [blocks][block tokens][heads × head bytes], vLLM's NHD, where a token stride may leave room behind each token;
/// head-major [blocks][heads][block tokens][head bytes], vLLM's HND.
/// K and V are segments of their own. Token t of the sequence lies in block blockTable[t / blockTokens]. Owns nothing.
/// </remarks>
public sealed class PagedKvMemory : IKvMemory
{
    private readonly Memory<byte>[] _segments;
    private readonly PagePlan _plan;

    /// <summary>Token-major pages.</summary>
    /// <param name="segments">The pages of each segment, [blocks][block tokens][token stride].</param>
    /// <param name="shape">The shard's shape.</param>
    /// <param name="blockTable">Page number of each block of the sequence.</param>
    /// <param name="blockTokens">Tokens in a page.</param>
    /// <param name="tokenStride">Bytes from one token to the next; 0 = they lie behind one another. Pages are blockTokens strides
    /// long.</param>
    public PagedKvMemory(Memory<byte>[] segments, ShardShape shape, int[] blockTable, int blockTokens, int tokenStride = 0)
        : this(segments, shape, blockTable, blockTokens, tokenStride, heads: 1)
    {
    }

    private PagedKvMemory(Memory<byte>[] segments, ShardShape shape, int[] blockTable, int blockTokens, int tokenStride, int heads)
    {
        _segments = segments;
        _plan = new PagePlan(segments.Length, shape, blockTable, blockTokens, tokenStride, heads);
    }

    /// <summary>Head-major pages.</summary>
    /// <param name="segments">The pages of each segment, [blocks][heads][block tokens][head bytes].</param>
    /// <param name="shape">The shard's shape.</param>
    /// <param name="blockTable">Page number of each block of the sequence.</param>
    /// <param name="blockTokens">Tokens in a page.</param>
    /// <param name="heads">KV heads of the shard; they divide the bytes per token of every segment.</param>
    public static PagedKvMemory HeadMajor(Memory<byte>[] segments, ShardShape shape, int[] blockTable, int blockTokens, int heads) =>
        new(segments, shape, blockTable, blockTokens, tokenStride: 0, heads);

    public KvTile GetTile(int segment, int firstToken, int tokens)
    {
        var place = _plan.Find(segment, firstToken, tokens);
        return new KvTile(_segments[segment][checked((int)place.Offset)..], place.Tokens, place.TokenStride, place.PartBytes, place.Parts,
            place.PartStride);
    }
}
