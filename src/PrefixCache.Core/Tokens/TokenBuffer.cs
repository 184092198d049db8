using System.Buffers;
using System.Runtime.InteropServices;
using PrefixCache.Core.Results;

namespace PrefixCache.Core.Tokens;

/// <summary>The tokens of one request, u32 little-endian, in a pooled buffer, and the multimodal items among them.</summary>
/// <remarks>
/// Reference-counted: a reservation holds one reference, an operation that reads the tokens outside the node's lock another. The buffer
/// goes back to the pool with the last. The contents do not change once the buffer is shared.
/// </remarks>
public sealed class TokenBuffer : IDisposable
{
    public const int TokenBytes = sizeof(uint);

    /// <summary>Most multimodal items of one request.</summary>
    public const int MaxItems = 1024;

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

    /// <summary>Null when the items are in order.</summary>
    public CacheError? CheckItems()
    {
        if (Items.Length > MaxItems) return CacheError.InvalidArgument($"{Items.Length} multimodal items came: at most {MaxItems}.");
        var last = -1;
        foreach (var item in Items)
        {
            if (item.Position <= last || item.Position >= Count)
                return CacheError.InvalidArgument(
                    $"A multimodal item is at position {item.Position} behind {last}: rising positions below {Count}, the number of tokens.");
            if (item.Digest.Length is 0 or > MultimodalItem.MaxDigestBytes)
                return CacheError.InvalidArgument(
                    $"The digest of the item at {item.Position} has {item.Digest.Length} bytes: 1 to {MultimodalItem.MaxDigestBytes}.");
            last = item.Position;
        }

        return null;
    }

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
