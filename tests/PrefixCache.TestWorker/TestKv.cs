using System.Runtime.InteropServices;
using PrefixCache.Client.Memory;
using PrefixCache.Format.Layouts;

namespace PrefixCache.TestWorker;

/// <summary>
/// Layouts, prompts and KV whose every byte follows from (tokens so far, shard, segment), so that any reader can verify it.
/// </summary>
public static class TestKv
{
    /// <summary>4 layers × 2 planes, 256 B a token and segment: 2 KiB a token, 64 KiB a chunk of 32.</summary>
    public static KvLayout Layout(string revision = "1", int chunkTokens = 32) =>
        KvLayout.Uniform("test-model", revision, KvType.BFloat16, layers: 4, kvHeads: 2, headDimension: 64, chunkTokens);

    /// <summary>The same, split by heads over two ranks.</summary>
    public static KvLayout TwoRankLayout() => new()
    {
        Model = "test-model",
        Revision = "tp2",
        Type = KvType.BFloat16,
        ChunkTokens = 32,
        Groups = [new LayerGroup { Layers = [0, 1, 2, 3], Heads = 2, HeadBytes = 128 }],
        Shards = [new LayoutShard { Layers = 4, Heads = 1, Ranks = [0] },
            new LayoutShard { Layers = 4, FirstHead = 1, Heads = 1, Ranks = [1] }],
    };

    public static int[] Tokens(int count, int seed = 1)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(50_000))];
    }

    /// <summary>The KV that a model would compute for these tokens: each token's bytes depend on all tokens up to it.</summary>
    public static byte[] Compute(KvLayout layout, ReadOnlySpan<int> tokens, int shard = 0)
    {
        var shape = layout.Shapes[shard];
        var memory = new byte[shape.PayloadBytes(tokens.Length)];
        var hash = 14695981039346656037UL;
        for (var token = 0; token < tokens.Length; token++)
        {
            hash = (hash ^ (uint)tokens[token]) * 1099511628211UL;
            for (var segment = 0; segment < shape.Segments; segment++)
            {
                var bytes = shape.SegmentBytesPerToken(segment);
                var value = (hash + (ulong)((shard * 1000) + segment)) * 0x9E3779B97F4A7C15UL;
                var target = memory.AsSpan(shape.SegmentOffset(segment, tokens.Length) + (token * bytes), bytes);
                MemoryMarshal.Cast<byte, ulong>(target).Fill(value);
                for (var i = bytes & ~7; i < bytes; i++) target[i] = (byte)(value >> (8 * (i & 7)));
            }
        }

        return memory;
    }

    public static ContiguousKvMemory Memory(KvLayout layout, byte[] memory, int tokens, int shard = 0) =>
        new(memory, layout.Shapes[shard], tokens);

    /// <summary>The bytes of one chunk as they travel.</summary>
    public static byte[] ChunkPayload(KvLayout layout, ReadOnlySpan<int> tokens, int position, int shard = 0)
    {
        var (shape, all) = (layout.Shapes[shard], Compute(layout, tokens, shard));
        var first = position * layout.ChunkTokens;
        var count = Math.Min(layout.ChunkTokens, tokens.Length - first);
        var payload = new byte[shape.PayloadBytes(count)];
        for (var segment = 0; segment < shape.Segments; segment++)
        {
            var bytes = shape.SegmentBytesPerToken(segment);
            all.AsSpan(shape.SegmentOffset(segment, tokens.Length) + (first * bytes), count * bytes)
                .CopyTo(payload.AsSpan(shape.SegmentOffset(segment, count)));
        }

        return payload;
    }

    /// <summary>The first segment in which tokens [first, first + count) are not what the model computes; null when all are.</summary>
    /// <param name="memory">[segment][tokens.Length][bytes per token].</param>
    public static int? FindDifference(KvLayout layout, ReadOnlySpan<int> tokens, byte[] memory, int first, int count, int shard = 0)
    {
        var (shape, expected) = (layout.Shapes[shard], Compute(layout, tokens, shard));
        for (var segment = 0; segment < shape.Segments; segment++)
        {
            var bytes = shape.SegmentBytesPerToken(segment);
            var offset = shape.SegmentOffset(segment, tokens.Length) + (first * bytes);
            if (!expected.AsSpan(offset, count * bytes).SequenceEqual(memory.AsSpan(offset, count * bytes))) return segment;
        }

        return null;
    }
}
