using System.Buffers;

namespace PrefixCache.Samples.Llama.Cache;

/// <summary>Presents native memory as <see cref="Memory{T}"/>.</summary>
/// <remarks>Owns nothing: whoever allocated the memory keeps it alive as long as any slice is in use.</remarks>
internal sealed unsafe class NativeMemoryManager(byte* address, int length) : MemoryManager<byte>
{
    public override Span<byte> GetSpan() => new(address, length);

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(elementIndex);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(elementIndex, length);
        return new MemoryHandle(address + elementIndex);
    }

    public override void Unpin() { }

    protected override void Dispose(bool disposing) { }
}
