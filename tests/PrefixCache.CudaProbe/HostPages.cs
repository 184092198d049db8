using System.Runtime.InteropServices;

namespace PrefixCache.CudaProbe;

/// <summary>Whole pages of this process's memory.</summary>
internal sealed unsafe class HostPages(int length) : IDisposable
{
    private readonly byte* _memory = (byte*)NativeMemory.AlignedAlloc((nuint)length, (nuint)Environment.SystemPageSize);

    public nint Start => (nint)_memory;

    public ulong Address => (ulong)_memory;

    public int Length { get; } = length;

    public Span<byte> Span => new(_memory, Length);

    public void Dispose() => NativeMemory.AlignedFree(_memory);
}
