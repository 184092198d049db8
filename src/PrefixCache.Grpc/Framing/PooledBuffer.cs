using System.Buffers;

namespace PrefixCache.Grpc.Framing;

/// <summary>A growing buffer on a pooled array, for the heads of outgoing messages.</summary>
/// <remarks>Owned by one writer. <see cref="Dispose"/> gives the array back once; use after it starts a new one.</remarks>
internal sealed class PooledBuffer(int initialCapacity) : IBufferWriter<byte>, IDisposable
{
    private byte[] _array = [];

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Written => _array.AsMemory(0, Length);

    public void Clear() => Length = 0;

    public void Advance(int count) => Length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(1, sizeHint));
        return _array.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public void Dispose()
    {
        var array = _array;
        _array = [];
        Length = 0;
        if (array.Length > 0)
            ArrayPool<byte>.Shared.Return(array);
    }

    private void Reserve(int count)
    {
        if (_array.Length - Length >= count)
            return;
        var grown = ArrayPool<byte>.Shared.Rent(Math.Max(initialCapacity, Math.Max(_array.Length * 2, Length + count)));
        _array.AsSpan(0, Length).CopyTo(grown);
        if (_array.Length > 0)
            ArrayPool<byte>.Shared.Return(_array);
        _array = grown;
    }
}
