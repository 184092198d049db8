using System.Runtime.InteropServices;
using PrefixCache.Format.Devices;

namespace PrefixCache.GpuCheck.Memory;

/// <summary>Pages of this process's memory, registered with a device: what the fastest plain copy goes from and to.</summary>
/// <remarks>Dispose it before the device.</remarks>
internal sealed unsafe class PinnedPages : IDisposable
{
    private readonly IDevice _device;
    private readonly byte* _memory;

    public PinnedPages(IDevice device, int bytes)
    {
        var page = Environment.SystemPageSize;
        var whole = (bytes + page - 1) / page * page;
        (_device, Bytes) = (device, bytes);
        _memory = (byte*)NativeMemory.AlignedAlloc((nuint)whole, (nuint)page);
        new Span<byte>(_memory, whole).Clear();
        try
        {
            device.Register((nint)_memory, whole);
        }
        catch
        {
            NativeMemory.AlignedFree(_memory);
            throw;
        }
    }

    public int Bytes { get; }

    public ulong Address => (ulong)_memory;

    public Span<byte> Span => new(_memory, Bytes);

    public void Dispose()
    {
        _device.Unregister((nint)_memory);
        NativeMemory.AlignedFree(_memory);
    }
}
