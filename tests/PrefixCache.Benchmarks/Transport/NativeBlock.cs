using System.Buffers;
using System.Runtime.InteropServices;

namespace PrefixCache.Benchmarks.Transport;

/// <summary>Memory outside the managed heap, as the payload of a cache lies.</summary>
/// <remarks>Owned by its maker; nothing may use it after <see cref="IDisposable.Dispose"/>.</remarks>
internal sealed unsafe class NativeBlock(int length) : MemoryManager<byte>
{
    private byte* _pointer = Allocate(length);

    public override Span<byte> GetSpan() => new(_pointer, length);

    public override MemoryHandle Pin(int elementIndex = 0) => new(_pointer + elementIndex);

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
        NativeMemory.AlignedFree(_pointer);
        _pointer = null;
    }

    /// <summary>At a page, as engines allocate; touched.</summary>
    private static byte* Allocate(int length)
    {
        var pointer = (byte*)NativeMemory.AlignedAlloc((nuint)length, 4096);
        NativeMemory.Clear(pointer, (nuint)length);
        return pointer;
    }
}
