using System.Diagnostics;
using PrefixCache.Format.Devices;
using PrefixCache.Format.Native.Cuda;

namespace PrefixCache.GpuCheck.Copies;

/// <summary>What everything is measured against: one copy of the driver's, waited for by a thread that spins.</summary>
/// <remarks>Nothing of the product's is in its way: no seam, no event, no second row. Dispose it before the device.</remarks>
internal sealed class PlainCopy : IDisposable
{
    private readonly CudaDevice _device;
    private readonly nint _stream;

    public PlainCopy(CudaDevice device)
    {
        _device = device;
        using CudaScope scope = device.Enter();
        CudaException.ThrowIfFailed(LibCuda.StreamCreate(out _stream, LibCuda.StreamNonBlocking), "cuStreamCreate");
    }

    /// <returns>Seconds.</returns>
    public double Time(DeviceCopyKind kind, ulong source, ulong destination, long bytes)
    {
        using CudaScope scope = _device.Enter();
        var started = Stopwatch.GetTimestamp();
        var code = kind switch
        {
            DeviceCopyKind.HostToDevice => LibCuda.MemcpyHtoDAsync(destination, (nint)source, (nuint)bytes, _stream),
            DeviceCopyKind.DeviceToHost => LibCuda.MemcpyDtoHAsync((nint)destination, source, (nuint)bytes, _stream),
            _ => LibCuda.MemcpyDtoDAsync(destination, source, (nuint)bytes, _stream),
        };
        CudaException.ThrowIfFailed(code, "cuMemcpyAsync");
        CudaException.ThrowIfFailed(LibCuda.StreamSynchronize(_stream), "cuStreamSynchronize");
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    public void Dispose()
    {
        using CudaScope scope = _device.TryEnter();
        if (scope.IsEntered) _ = LibCuda.StreamDestroy(_stream);
    }
}
