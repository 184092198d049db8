using System.Buffers;
using System.Runtime.InteropServices;

namespace PrefixCache.Client.Wire;

/// <summary>Token ids as they travel, u32 little-endian, in a pooled buffer.</summary>
internal sealed class TokenBytes : IDisposable
{
    private byte[]? _buffer;

    private TokenBytes(byte[] buffer, int length)
    {
        _buffer = buffer;
        Sequence = new ReadOnlySequence<byte>(buffer, 0, length);
    }

    public ReadOnlySequence<byte> Sequence { get; }

    public static TokenBytes Of(ReadOnlySpan<int> tokens)
    {
        var bytes = MemoryMarshal.AsBytes(tokens);
        var buffer = ArrayPool<byte>.Shared.Rent(bytes.Length);
        bytes.CopyTo(buffer);
        return new TokenBytes(buffer, bytes.Length);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _buffer, null) is { } buffer) ArrayPool<byte>.Shared.Return(buffer);
    }
}
