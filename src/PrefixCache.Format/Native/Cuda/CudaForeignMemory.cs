using PrefixCache.Format.Devices;

namespace PrefixCache.Format.Native.Cuda;

/// <summary>Memory of another process that a handle names, mapped. The driver refuses handles of the own process.</summary>
internal sealed class CudaForeignMemory : IDeviceMemory
{
    private readonly CudaDevice _device;
    private int _disposed;

    /// <summary>Maps it; the context is current.</summary>
    public unsafe CudaForeignMemory(CudaDevice device, DeviceShare share)
    {
        (_device, Bytes) = (device, share.Bytes);
        CudaIpcHandle handle;
        share.Handle!.CopyTo(new Span<byte>(handle.Reserved, DeviceShare.HandleBytes));
        CudaException.ThrowIfFailed(LibCuda.IpcOpenMemHandle(out var address, handle, LibCuda.IpcLazyPeerAccess), "cuIpcOpenMemHandle_v2");
        Address = address;
    }

    public ulong Address { get; }

    public long Bytes { get; }

    public DeviceShare Export() => throw new DeviceException("Memory of another process that came by a handle cannot be passed on.");

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        using CudaScope scope = _device.TryEnter();
        if (!scope.IsEntered) return;
        _ = LibCuda.IpcCloseMemHandle(Address); // fails only where the context has died
    }
}
