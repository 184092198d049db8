using PrefixCache.Client.Memory;
using PrefixCache.Client.Transfers;
using PrefixCache.Format.Copying;
using PrefixCache.Format.Layouts;
using PrefixCache.Format.SharedMemory;

namespace PrefixCache.Client.SharedMemory;

/// <summary>Writes chunks into the arena where the node granted it, hashing them on the way.</summary>
internal static unsafe class ArenaWriter
{
    /// <summary>Writes one chunk; on return its bytes are visible to every process that sees its commit.</summary>
    /// <param name="offset">Where it goes, from the arena's start.</param>
    /// <param name="firstToken">The chunk's first token in the sequence.</param>
    /// <param name="tokens">The chunk's tokens.</param>
    /// <returns>XXH3-64 of each segment.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The chunk would not lie within the arena.</exception>
    public static ulong[] Write(ArenaView arena, long offset, ShardShape shape, IKvMemory source, int firstToken, int tokens)
    {
        var whole = ChunkSlice.Whole(shape, tokens);
        var target = arena.Payload(offset, whole.Bytes);
        var checksums = new ulong[shape.Segments];
        for (var segment = 0; segment < checksums.Length; segment++)
        {
            var run = new SegmentTokens(segment, firstToken, tokens, shape.SegmentBytesPerToken(segment));
            checksums[segment] = TileCopy.StoreHashed(source, target + whole.Run(segment).Offset, run);
        }

        PayloadCopy.Fence();
        return checksums;
    }
}
