using PrefixCache.Format.Layouts;

namespace PrefixCache.IntegrationTests.Redis;

/// <summary>The KV of a prompt by one of several writers: each has a number that all its bytes are XORed with.</summary>
internal static class FleetKv
{
    public static byte[] Compute(KvLayout layout, ReadOnlySpan<int> tokens, byte writer)
    {
        var memory = TestKv.Compute(layout, tokens);
        foreach (ref var value in memory.AsSpan()) value ^= writer;
        return memory;
    }

    /// <summary>Who wrote each chunk; fails where the bytes of a chunk are not all one writer's.</summary>
    /// <param name="memory">[segment][tokens.Length][bytes per token].</param>
    public static List<byte> WritersOf(KvLayout layout, ReadOnlySpan<int> tokens, ReadOnlySpan<byte> memory)
    {
        var (shape, expected) = (layout.Shapes[0], TestKv.Compute(layout, tokens));
        var writers = new List<byte>();
        for (var first = 0; first < tokens.Length; first += layout.ChunkTokens)
        {
            var count = Math.Min(layout.ChunkTokens, tokens.Length - first);
            var writer = (byte)(memory[shape.SegmentOffset(0, tokens.Length) + (first * shape.SegmentBytesPerToken(0))]
                ^ expected[shape.SegmentOffset(0, tokens.Length) + (first * shape.SegmentBytesPerToken(0))]);
            for (var segment = 0; segment < shape.Segments; segment++)
            {
                var start = shape.SegmentOffset(segment, tokens.Length) + (first * shape.SegmentBytesPerToken(segment));
                var end = start + (count * shape.SegmentBytesPerToken(segment));
                for (var i = start; i < end; i++)
                {
                    if ((memory[i] ^ expected[i]) != writer)
                        Assert.Fail($"Byte {i} of the chunk at token {first}, segment {segment}, is not writer {writer}'s.");
                }
            }

            writers.Add(writer);
        }

        return writers;
    }
}
