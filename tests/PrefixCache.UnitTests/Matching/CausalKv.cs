using System.Buffers.Binary;
using PrefixCache.Core.Tokens;
using PrefixCache.Format.Hashing;
using PrefixCache.Format.Layouts;

namespace PrefixCache.UnitTests.Matching;

/// <summary>Made-up KV as a causal model's is: that of a token depends on it, on all before it and on the items among them, on nothing
/// behind.</summary>
internal static class CausalKv
{
    /// <summary>[segment][token][bytes] of tokens [first, first + count) of a sequence.</summary>
    public static byte[] Of(ShardShape shape, int shard, uint[] tokens, IReadOnlyList<MultimodalItem> items, int first, int count)
    {
        var states = States(tokens, items);
        var bytes = new byte[shape.PayloadBytes(count)];
        var slice = ChunkSlice.Whole(shape, count);
        for (var segment = 0; segment < shape.Segments; segment++)
        {
            var (offset, length) = slice.Run(segment);
            var perToken = length / count;
            for (var i = 0; i < length; i += sizeof(ulong))
            {
                var state = states[first + (i / perToken)];
                BinaryPrimitives.WriteUInt64LittleEndian(
                    bytes.AsSpan(offset + i), (state + (ulong)((segment * 31) + (shard * 7) + (i % perToken))) * 0x9E3779B97F4A7C15);
            }
        }

        return bytes;
    }

    private static ulong[] States(uint[] tokens, IReadOnlyList<MultimodalItem> items)
    {
        var states = new ulong[tokens.Length];
        ulong state = 1;
        for (var i = 0; i < tokens.Length; i++)
        {
            var item = items.FirstOrDefault(item => item.Position == i).Digest;
            if (item is not null) state = Xxh3.Hash64(item, state + 3);
            state = Xxh3.Hash64(BitConverter.GetBytes(tokens[i]), state);
            states[i] = state;
        }

        return states;
    }
}
