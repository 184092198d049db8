using System.Buffers;

namespace PrefixCache.Core.Tokens;

/// <summary>The tokens of one request, u32 little-endian, in a pooled buffer.</summary>
/// <remarks>
/// Reference-counted: a reservation holds one reference, an operation that reads the tokens outside the node's lock another. The buffer
/// goes back to the pool with the last. The contents do not change once the buffer is shared.
/// </remarks>
public sealed class TokenBuffer : IDisposable
{
    public const int TokenBytes = sizeof(uint);

    private byte[]? _buffer;
    private int _references = 1;

    public TokenBuffer(int tokens)
    {
        Count = tokens;
        _buffer = ArrayPool<byte>.Shared.Rent(tokens * TokenBytes);
    }

    /// <summary>Number of tokens.</summary>
    public int Count { get; }

    /// <summary>Count × 4 bytes.</summary>
    public Memory<byte> Memory => (_buffer ?? throw new ObjectDisposedException(nameof(TokenBuffer))).AsMemory(0, Count * TokenBytes);

    public ReadOnlySpan<byte> Bytes => Memory.Span;

    /// <summary>The bytes of <paramref name="count"/> tokens from <paramref name="first"/> on.</summary>
    public ReadOnlySpan<byte> Slice(int first, int count) => Bytes.Slice(first * TokenBytes, count * TokenBytes);

    public TokenBuffer Retain()
    {
        Interlocked.Increment(ref _references);
        return this;
    }

    public void Dispose()
    {
        if (Interlocked.Decrement(ref _references) != 0) return;
        if (Interlocked.Exchange(ref _buffer, null) is { } buffer) ArrayPool<byte>.Shared.Return(buffer);
    }
}
