using System.Buffers.Binary;
using PrefixCache.Format.Hashing;

namespace PrefixCache.UnitTests;

/// <summary>Made-up KV: a function of the namespace, the shard and every token up to the chunk's end, as real KV is.</summary>
internal static class KvBytes
{
    public static byte[] Of(string space, int shard, ReadOnlySpan<uint> tokensToEnd, int length)
    {
        var seed = Xxh3.Hash64(TokenList.Bytes(tokensToEnd), (ulong)shard + 1) ^ Xxh3.Hash64(System.Text.Encoding.UTF8.GetBytes(space), 7);
        var bytes = new byte[length];
        for (var i = 0; i + sizeof(ulong) <= length; i += sizeof(ulong))
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(i), (seed + (ulong)i) * 0x9E3779B97F4A7C15);
        return bytes;
    }

    /// <summary>Of each segment of a block, as its writer must supply them.</summary>
    public static ulong[] Checksums(Core.Blocks.Block block)
    {
        var checksums = new ulong[block.Shape.Segments];
        for (var i = 0; i < checksums.Length; i++)
        {
            var offset = block.Shape.SegmentOffset(i, block.Tokens);
            checksums[i] = Xxh3.Hash64(block.Payload.Span.Slice(offset, block.Tokens * block.Shape.SegmentBytesPerToken(i)));
        }

        return checksums;
    }
}
