using PrefixCache.Client.Memory;
using PrefixCache.Format.Layouts;
using PrefixCache.UnitTests.Copying;

namespace PrefixCache.UnitTests.Tiles;

/// <summary>An engine's memory of a kind, with the place of each byte computed apart from the code under test.</summary>
/// <param name="Kv">As the client sees it.</param>
/// <param name="Block">The memory of the segment that is looked at.</param>
/// <param name="Place">Offset in the block of (token, byte of the token).</param>
internal sealed record EngineMemory(IKvMemory Kv, GuardedBlock Block, Func<int, int, int> Place)
{
    /// <summary>Bytes between the tokens of strided pages.</summary>
    private const int Gap = 64;

    public byte At(int token, int index) => Block.GetSpan()[Place(token, index)];

    /// <param name="kind">contiguous, token-major, strided or head-major.</param>
    /// <param name="allocate">Makes the memory.</param>
    public static EngineMemory Make(
        string kind, ShardShape shape, int heads, int tokens, int pageTokens, int segment, Func<int, GuardedBlock> allocate)
    {
        var bytes = shape.SegmentBytesPerToken(segment);
        if (kind == "contiguous")
        {
            var whole = allocate(shape.PayloadBytes(tokens));
            return new EngineMemory(new ContiguousKvMemory(whole.Memory, shape, tokens), whole,
                (token, index) => (((segment * tokens) + token) * bytes) + index);
        }

        var stride = bytes + (kind == "strided" ? Gap : 0);
        var pages = (tokens / pageTokens) + 3;
        var table = Enumerable.Range(0, pages).ToArray();
        new Random(9).Shuffle(table);
        var segments = Enumerable.Range(0, shape.Segments).Select(_ => allocate(pages * pageTokens * stride)).ToArray();
        var memories = segments.Select(pageArray => pageArray.Memory).ToArray();
        var block = segments[segment];
        if (kind != "head-major")
        {
            return new EngineMemory(new PagedKvMemory(memories, shape, table, pageTokens, kind == "strided" ? stride : 0), block,
                (token, index) => (Slot(token) * stride) + index);
        }

        var headBytes = bytes / heads;
        return new EngineMemory(PagedKvMemory.HeadMajor(memories, shape, table, pageTokens, heads), block, (token, index) =>
            (table[token / pageTokens] * pageTokens * bytes)
                + ((((index / headBytes) * pageTokens) + (token % pageTokens)) * headBytes) + (index % headBytes));

        int Slot(int token) => (table[token / pageTokens] * pageTokens) + (token % pageTokens);
    }
}
