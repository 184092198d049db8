using System.Buffers;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Server.Endpoints;

/// <summary>The bytes of a slice as they lie in the block: one run, or a run per segment.</summary>
internal static class SlicePayload
{
    public static ReadOnlySequence<byte> Of(ReadOnlyMemory<byte> payload, ChunkSlice slice)
    {
        var (offset, length) = slice.Run(0);
        if (slice.IsWholeTokens) return new ReadOnlySequence<byte>(payload.Slice(offset, slice.Bytes));
        var first = new Run(payload.Slice(offset, length), 0);
        var last = first;
        for (var i = 1; i < slice.Segments; i++)
        {
            (offset, length) = slice.Run(i);
            last = last.Append(payload.Slice(offset, length));
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Run : ReadOnlySequenceSegment<byte>
    {
        public Run(ReadOnlyMemory<byte> memory, long runningIndex) => (Memory, RunningIndex) = (memory, runningIndex);

        public Run Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Run(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
