using PrefixCache.Format.Devices;

namespace PrefixCache.Format.Native.Cuda;

/// <summary>A CUDA event without times, whose waiter sleeps: a thread that spins would take a core from the inference beside it.</summary>
internal sealed class CudaEvent : IDeviceEvent
{
    private readonly CudaDevice _device;
    private readonly nint _event;
    private int _disposed;

    /// <summary>Makes and records it; the context is current.</summary>
    public CudaEvent(CudaDevice device, nint stream)
    {
        _device = device;
        const uint Flags = LibCuda.EventBlockingSync | LibCuda.EventDisableTiming;
        CudaException.ThrowIfFailed(LibCuda.EventCreate(out _event, Flags), "cuEventCreate");
        var code = LibCuda.EventRecord(_event, stream);
        if (code == CudaResult.Success) return;
        _ = LibCuda.EventDestroy(_event);
        throw CudaException.From(code, "cuEventRecord");
    }

    public bool IsReached
    {
        get
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
            using CudaScope scope = _device.Enter();
            var code = LibCuda.EventQuery(_event);
            if (code == CudaResult.NotReady) return false;
            CudaException.ThrowIfFailed(code, "cuEventQuery");
            return true;
        }
    }

    public void Wait()
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        using CudaScope scope = _device.Enter();
        CudaException.ThrowIfFailed(LibCuda.EventSynchronize(_event), "cuEventSynchronize");
    }

    /// <summary>Failing says only that the context has died.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        using CudaScope scope = _device.TryEnter();
        if (!scope.IsEntered) return;
        _ = LibCuda.EventDestroy(_event);
    }
}
