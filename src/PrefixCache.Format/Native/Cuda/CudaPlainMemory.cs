using PrefixCache.Format.Devices;

namespace PrefixCache.Format.Native.Cuda;

/// <summary>Memory of <c>cuMemAlloc</c>, which a handle names to other processes as long as this one has it.</summary>
internal sealed class CudaPlainMemory : IDeviceMemory
{
    /// <summary>
    /// The driver may put smaller allocations together, and a handle then names, and maps, the whole block: others would see what is not
    /// meant for them (driver API, <c>cuIpcGetMemHandle</c>; runtime API, <c>cudaMalloc</c>).
    /// </summary>
    private const long GranularityBytes = 2 << 20;

    private readonly CudaDevice _device;
    private int _disposed;

    /// <summary>Takes memory; the context is current.</summary>
    public CudaPlainMemory(CudaDevice device, long bytes)
    {
        (_device, Bytes) = (device, checked((bytes + GranularityBytes - 1) / GranularityBytes * GranularityBytes));
        CudaException.ThrowIfFailed(LibCuda.MemAlloc(out var address, (nuint)Bytes), "cuMemAlloc_v2");
        Address = address;
    }

    public ulong Address { get; }

    public long Bytes { get; }

    public unsafe DeviceShare Export()
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        using CudaScope scope = _device.Enter();
        CudaException.ThrowIfFailed(LibCuda.IpcGetMemHandle(out CudaIpcHandle handle, Address), "cuIpcGetMemHandle");
        return new DeviceShare(new ReadOnlySpan<byte>(handle.Reserved, DeviceShare.HandleBytes).ToArray(), Bytes);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        using CudaScope scope = _device.TryEnter();
        if (!scope.IsEntered) return;
        _ = LibCuda.MemFree(Address); // fails only where the context has died
    }
}
