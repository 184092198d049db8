using PrefixCache.Client.Memory;

namespace PrefixCache.Benchmarks.Local;

/// <summary>The references: the same bytes from and to the same places, by memcpy, piece by piece as they lie.</summary>
internal static unsafe class PlainCopy
{
    /// <summary>One memcpy of the whole prompt (Buffer.MemoryCopy is libc's memmove at this size).</summary>
    public static void Whole(byte* source, Memory<byte> destination)
    {
        fixed (byte* target = destination.Span)
            Buffer.MemoryCopy(source, target, destination.Length, LocalWorkload.PromptBytes);
    }

    /// <summary>Chunk by chunk, segment by segment, run by run, as a loop that knows the pages would do it.</summary>
    public static void IntoTiles(byte* source, IKvMemory destination)
    {
        var shape = LocalWorkload.Shape;
        var chunkTokens = LocalWorkload.Layout.ChunkTokens;
        for (var first = 0; first < LocalWorkload.PromptTokens; first += chunkTokens)
        {
            var tokens = Math.Min(chunkTokens, LocalWorkload.PromptTokens - first);
            for (var segment = 0; segment < shape.Segments; segment++)
            {
                for (var done = 0; done < tokens;)
                {
                    var tile = destination.GetTile(segment, first + done, tokens - done);
                    source = Copy(source, tile);
                    done += tile.Tokens;
                }
            }
        }
    }

    private static byte* Copy(byte* source, in KvTile tile)
    {
        fixed (byte* target = tile.Memory.Span)
        {
            if (tile.IsContiguous)
            {
                var bytes = tile.Tokens * tile.BytesPerToken;
                Buffer.MemoryCopy(source, target, bytes, bytes);
                return source + bytes;
            }

            for (var token = 0; token < tile.Tokens; token++)
            {
                for (var part = 0; part < tile.Parts; part++, source += tile.PartBytes)
                {
                    Buffer.MemoryCopy(
                        source, target + ((long)token * tile.TokenStride) + ((long)part * tile.PartStride), tile.PartBytes, tile.PartBytes);
                }
            }

            return source;
        }
    }
}
