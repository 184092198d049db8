using PrefixCache.Format.Devices;

namespace PrefixCache.Format.Native.Cuda;

/// <summary>A CUDA stream that does not wait for the default stream, on which others in this process may compute.</summary>
internal sealed class CudaStream : IDeviceStream
{
    private readonly CudaDevice _device;
    private readonly nint _stream;
    private int _disposed;

    /// <summary>Makes it; the context is current.</summary>
    public CudaStream(CudaDevice device)
    {
        _device = device;
        CudaException.ThrowIfFailed(LibCuda.StreamCreate(out _stream, LibCuda.StreamNonBlocking), "cuStreamCreate");
    }

    public void Copy(in DeviceCopy copy)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(copy.RowBytes, nameof(copy));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(copy.Rows, nameof(copy));
        using CudaScope scope = _device.Enter();
        if (copy.Rows == 1)
        {
            CopyBytes(copy.Kind, copy.Source, copy.Destination, copy.RowBytes);
            return;
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(copy.SourcePitch, copy.RowBytes, nameof(copy));
        ArgumentOutOfRangeException.ThrowIfLessThan(copy.DestinationPitch, copy.RowBytes, nameof(copy));
        if (copy.SourcePitch == copy.RowBytes && copy.DestinationPitch == copy.RowBytes)
            CopyBytes(copy.Kind, copy.Source, copy.Destination, copy.Bytes);
        else if (Math.Max(copy.SourcePitch, copy.DestinationPitch) <= _device.MaxPitch)
            CopyRows(copy);
        else
            CopyOneByOne(copy);
    }

    public IDeviceEvent Record()
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        using CudaScope scope = _device.Enter();
        return new CudaEvent(_device, _stream);
    }

    /// <summary>Waits: what is queued names memory that goes next. Failing says only that the context has died.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        using CudaScope scope = _device.TryEnter();
        if (!scope.IsEntered) return;
        _ = LibCuda.StreamSynchronize(_stream);
        _ = LibCuda.StreamDestroy(_stream);
    }

    private void CopyBytes(DeviceCopyKind kind, ulong source, ulong destination, long bytes)
    {
        var length = (nuint)bytes;
        switch (kind)
        {
            case DeviceCopyKind.HostToDevice:
                CudaException.ThrowIfFailed(LibCuda.MemcpyHtoDAsync(destination, (nint)source, length, _stream), "cuMemcpyHtoDAsync_v2");
                break;
            case DeviceCopyKind.DeviceToHost:
                CudaException.ThrowIfFailed(LibCuda.MemcpyDtoHAsync((nint)destination, source, length, _stream), "cuMemcpyDtoHAsync_v2");
                break;
            default:
                CudaException.ThrowIfFailed(LibCuda.MemcpyDtoDAsync(destination, source, length, _stream), "cuMemcpyDtoDAsync_v2");
                break;
        }
    }

    /// <summary>Distances up to <see cref="CudaDevice.MaxPitch"/> (2 GiB - 1 on today's devices); larger ones are an error.</summary>
    private void CopyRows(in DeviceCopy copy)
    {
        var fromHost = copy.Kind == DeviceCopyKind.HostToDevice;
        var toHost = copy.Kind == DeviceCopyKind.DeviceToHost;
        CudaCopy2D rows = new()
        {
            SourceType = fromHost ? LibCuda.MemoryHost : LibCuda.MemoryDevice,
            SourceHost = fromHost ? (nint)copy.Source : 0,
            SourceDevice = fromHost ? 0 : copy.Source,
            SourcePitch = (nuint)copy.SourcePitch,
            DestinationType = toHost ? LibCuda.MemoryHost : LibCuda.MemoryDevice,
            DestinationHost = toHost ? (nint)copy.Destination : 0,
            DestinationDevice = toHost ? 0 : copy.Destination,
            DestinationPitch = (nuint)copy.DestinationPitch,
            WidthInBytes = (nuint)copy.RowBytes,
            Height = (nuint)copy.Rows,
        };
        CudaException.ThrowIfFailed(LibCuda.Memcpy2DAsync(rows, _stream), "cuMemcpy2DAsync_v2");
    }

    private void CopyOneByOne(in DeviceCopy copy)
    {
        for (var row = 0L; row < copy.Rows; row++)
        {
            CopyBytes(copy.Kind, copy.Source + (ulong)(row * copy.SourcePitch), copy.Destination + (ulong)(row * copy.DestinationPitch),
                copy.RowBytes);
        }
    }
}
