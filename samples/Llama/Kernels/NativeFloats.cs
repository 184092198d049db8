using System.Runtime.InteropServices;

namespace PrefixCache.Samples.Llama.Kernels;

/// <summary>Owns a block of f32 values in native memory, 64-byte aligned and zeroed.</summary>
/// <remarks>Not thread-safe to dispose while in use; freed by the finalizer when its owner forgot.</remarks>
internal sealed unsafe class NativeFloats : IDisposable
{
    private void* _address;

    public NativeFloats(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Length = length;
        nuint bytes = checked((nuint)length * sizeof(float) + 64);
        _address = NativeMemory.AlignedAlloc(bytes, 64);
        NativeMemory.Clear(_address, bytes);
    }

    ~NativeFloats() => Free();

    public long Length { get; }

    public float* Pointer => (float*)_address;

    public Span<float> Span(long first, int count) => new(Pointer + first, count);

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        void* address = _address;
        _address = null;
        if (address != null) NativeMemory.AlignedFree(address);
    }
}
