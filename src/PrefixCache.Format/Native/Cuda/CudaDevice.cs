using PrefixCache.Format.Devices;

namespace PrefixCache.Format.Native.Cuda;

/// <summary>One device of the CUDA driver.</summary>
/// <remarks>
/// Holds the device's primary context, which it shares with whoever else uses the device in this process (an inference engine, say), and
/// which no thread keeps: every call pushes it, and pops it. Thread-safe.
/// </remarks>
internal sealed class CudaDevice : IDevice
{
    private readonly nint _context;
    private readonly bool _takesReadOnly;
    private int _disposed;

    /// <param name="device">The <c>CUdevice</c>.</param>
    /// <param name="identity">Of it.</param>
    /// <param name="sharesByHandle">Even where it could share by descriptors.</param>
    public CudaDevice(int device, DeviceIdentity identity, bool sharesByHandle)
    {
        (Number, Identity) = (device, identity);
        MaxPitch = Attribute(LibCuda.AttributeMaxPitch);
        HasVirtualMemory = Attribute(LibCuda.AttributeVirtualMemory) != 0 && Attribute(LibCuda.AttributeFileDescriptors) != 0;
        SharesByDescriptor = HasVirtualMemory && !sharesByHandle;
        _takesReadOnly = Attribute(LibCuda.AttributeReadOnlyRegistration) != 0;
        CudaException.ThrowIfFailed(LibCuda.DevicePrimaryCtxRetain(out _context, device), "cuDevicePrimaryCtxRetain");
    }

    public DeviceIdentity Identity { get; }

    public long FreeBytes
    {
        get
        {
            using CudaScope scope = Enter();
            CudaException.ThrowIfFailed(LibCuda.MemGetInfo(out var free, out _), "cuMemGetInfo_v2");
            return (long)free;
        }
    }

    /// <summary>The <c>CUdevice</c>.</summary>
    public int Number { get; }

    /// <summary>The largest distance of rows that a copy of rows takes, in bytes.</summary>
    public long MaxPitch { get; }

    /// <summary>Whether memory can be mapped that is named by a descriptor.</summary>
    public bool HasVirtualMemory { get; }

    /// <summary>Whether memory is taken so that a descriptor names it: that outlives this process, a handle does not.</summary>
    public bool SharesByDescriptor { get; }

    public IDeviceMemory Allocate(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
        using CudaScope scope = Enter();
        return SharesByDescriptor ? CudaVirtualMemory.Take(this, bytes) : new CudaPlainMemory(this, bytes);
    }

    public IDeviceMemory Import(DeviceShare share)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(share.Bytes);
        using CudaScope scope = Enter();
        if (share.Descriptor is not { } descriptor) return new CudaForeignMemory(this, share);
        return HasVirtualMemory
            ? CudaVirtualMemory.Import(this, descriptor, share.Bytes)
            : throw new DeviceException($"{Identity.Name} ({Identity.Text}) maps no memory by a descriptor: its driver has no such thing.");
    }

    public IDeviceStream OpenStream()
    {
        using CudaScope scope = Enter();
        return new CudaStream(this);
    }

    /// <remarks>
    /// The flag says that the range is pinned for every context, so for a second device too, whose own attempt is refused then
    /// (<c>CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED</c>) and needs no success. A range that this process maps for reading only is refused
    /// without the read-only flag, by one code or another, and which kind a range is cannot be seen from here: so that is tried next.
    /// </remarks>
    public void Register(nint start, long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
        using CudaScope scope = Enter();
        var code = LibCuda.MemHostRegister(start, (nuint)bytes, LibCuda.RegisterPortable);
        if (_takesReadOnly && code is not CudaResult.Success and not CudaResult.HostMemoryAlreadyRegistered)
        {
            var second = LibCuda.MemHostRegister(start, (nuint)bytes, LibCuda.RegisterPortable | LibCuda.RegisterReadOnly);
            if (second == CudaResult.Success) return;
        }

        CudaException.ThrowIfFailed(code, "cuMemHostRegister_v2");
    }

    public void Unregister(nint start)
    {
        using CudaScope scope = Enter();
        CudaException.ThrowIfFailed(LibCuda.MemHostUnregister(start), "cuMemHostUnregister");
    }

    /// <summary>Failing says only that the context has died.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0) _ = LibCuda.DevicePrimaryCtxRelease(Number);
    }

    /// <summary>Makes the context the calling thread's.</summary>
    /// <exception cref="CudaException">It has died.</exception>
    internal CudaScope Enter()
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        CudaException.ThrowIfFailed(LibCuda.CtxPushCurrent(_context), "cuCtxPushCurrent_v2");
        return new CudaScope(isEntered: true);
    }

    /// <summary>The same for giving something back, which goes on where the context has died.</summary>
    internal CudaScope TryEnter() =>
        new(Volatile.Read(ref _disposed) == 0 && LibCuda.CtxPushCurrent(_context) == CudaResult.Success);

    private int Attribute(int attribute)
    {
        CudaException.ThrowIfFailed(LibCuda.DeviceGetAttribute(out var value, attribute, Number), "cuDeviceGetAttribute");
        return value;
    }
}
