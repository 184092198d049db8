using System.Buffers;
using System.Runtime.InteropServices;

namespace PrefixCache.Core.Tokens;

/// <summary>The tokens of one request, u32 little-endian, in a pooled buffer, and the multimodal items among them.</summary>
/// <remarks>
/// Reference-counted: a reservation holds one reference, an operation that reads the tokens outside the node's lock another. The buffer
/// goes back to the pool with the last. The contents do not change once the buffer is shared.
/// </remarks>
public sealed class TokenBuffer : IDisposable
{
    public const int TokenBytes = sizeof(uint);

    private byte[]? _buffer;
    private int _references = 1;

    /// <param name="tokens">Number of tokens.</param>
    /// <param name="items">In rising position; empty = none.</param>
    public TokenBuffer(int tokens, MultimodalItem[]? items = null)
    {
        Count = tokens;
        Items = items ?? [];
        _buffer = ArrayPool<byte>.Shared.Rent(tokens * TokenBytes);
    }

    /// <summary>Number of tokens.</summary>
    public int Count { get; }

    /// <summary>In rising position.</summary>
    public MultimodalItem[] Items { get; }

    /// <summary>Count × 4 bytes.</summary>
    public Memory<byte> Memory => (_buffer ?? throw new ObjectDisposedException(nameof(TokenBuffer))).AsMemory(0, Count * TokenBytes);

    public ReadOnlySpan<byte> Bytes => Memory.Span;

    /// <summary>The bytes of <paramref name="count"/> tokens from <paramref name="first"/> on.</summary>
    public ReadOnlySpan<byte> Slice(int first, int count) => Bytes.Slice(first * TokenBytes, count * TokenBytes);

    /// <summary>What the chunk at a position depends on, cut to <paramref name="count"/> tokens.</summary>
    internal ChunkText Text(int first, int count)
    {
        var tokens = MemoryMarshal.Cast<byte, uint>(Slice(first, count));
        if (Items.Length == 0) return new ChunkText(tokens, []);
        var (from, to) = (FirstItem(first), FirstItem(first + count));
        return new ChunkText(tokens, Items.AsSpan(from, to - from), first);
    }

    /// <summary>What a whole chunk position depends on; the last may be shorter.</summary>
    internal ChunkText Chunk(int position, int chunkTokens) =>
        Text(position * chunkTokens, ChunkPosition.Tokens(position, Count, chunkTokens));

    /// <summary>Both have the same first <paramref name="count"/> tokens, with the same items in them.</summary>
    public bool BeginsLike(TokenBuffer other, int count) => Text(0, count).CommonTokens(other.Text(0, count)) == count;

    public TokenBuffer Retain()
    {
        Interlocked.Increment(ref _references);
        return this;
    }

    /// <summary>Index of the first item at or behind a token.</summary>
    private int FirstItem(int token)
    {
        var (low, high) = (0, Items.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (Items[middle].Position < token) low = middle + 1;
            else high = middle;
        }

        return low;
    }

    public void Dispose()
    {
        if (Interlocked.Decrement(ref _references) != 0) return;
        if (Interlocked.Exchange(ref _buffer, null) is { } buffer) ArrayPool<byte>.Shared.Return(buffer);
    }
}
