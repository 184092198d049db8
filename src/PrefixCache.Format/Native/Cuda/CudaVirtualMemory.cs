using Microsoft.Win32.SafeHandles;
using PrefixCache.Format.Devices;

namespace PrefixCache.Format.Native.Cuda;

/// <summary>Memory that a descriptor names: an allocation, mapped into a range of addresses.</summary>
/// <remarks>
/// Driver API, section "Virtual memory management". Owns its reference to the allocation, which lives as long as any process maps it or
/// holds a descriptor of it.
/// </remarks>
internal sealed class CudaVirtualMemory : IDeviceMemory
{
    private readonly CudaDevice _device;
    private readonly ulong _handle;
    private int _disposed;

    private CudaVirtualMemory(CudaDevice device, ulong handle, long bytes)
    {
        (_device, _handle, Bytes) = (device, handle, bytes);
        ulong address = 0;
        var isMapped = false;
        try
        {
            CudaException.ThrowIfFailed(LibCuda.MemAddressReserve(out address, (nuint)bytes, 0, 0, 0), "cuMemAddressReserve");
            CudaException.ThrowIfFailed(LibCuda.MemMap(address, (nuint)bytes, 0, handle, 0), "cuMemMap");
            isMapped = true;
            CudaAccess access = new() { Location = LocationOf(device), Flags = LibCuda.AccessReadWrite };
            CudaException.ThrowIfFailed(LibCuda.MemSetAccess(address, (nuint)bytes, access, 1), "cuMemSetAccess");
            Address = address;
        }
        catch
        {
            Free(address, isMapped);
            throw;
        }
    }

    public ulong Address { get; }

    public long Bytes { get; }

    /// <summary>Takes memory; the context is current.</summary>
    public static CudaVirtualMemory Take(CudaDevice device, long bytes)
    {
        CudaAllocationProperties properties = new()
        {
            Type = LibCuda.AllocationPinned,
            RequestedHandleTypes = LibCuda.HandlePosixDescriptor,
            Location = LocationOf(device),
        };
        CudaException.ThrowIfFailed(
            LibCuda.MemGetAllocationGranularity(out var granularity, properties, LibCuda.GranularityMinimum),
            "cuMemGetAllocationGranularity");
        var rounded = checked((bytes + (long)granularity - 1) / (long)granularity * (long)granularity);
        CudaException.ThrowIfFailed(LibCuda.MemCreate(out var handle, (nuint)rounded, properties, 0), "cuMemCreate");
        return new CudaVirtualMemory(device, handle, rounded);
    }

    /// <summary>Maps memory that a descriptor names; the context is current.</summary>
    public static CudaVirtualMemory Import(CudaDevice device, SafeFileHandle descriptor, long bytes)
    {
        var isHeld = false;
        try
        {
            descriptor.DangerousAddRef(ref isHeld);
            CudaException.ThrowIfFailed(
                LibCuda.MemImportFromShareableHandle(out var handle, descriptor.DangerousGetHandle(), LibCuda.HandlePosixDescriptor),
                "cuMemImportFromShareableHandle");
            return new CudaVirtualMemory(device, handle, bytes);
        }
        finally
        {
            if (isHeld) descriptor.DangerousRelease();
        }
    }

    public DeviceShare Export()
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        using CudaScope scope = _device.Enter();
        CudaException.ThrowIfFailed(
            LibCuda.MemExportToShareableHandle(out var descriptor, _handle, LibCuda.HandlePosixDescriptor, 0),
            "cuMemExportToShareableHandle");
        return new DeviceShare(new SafeFileHandle(descriptor, ownsHandle: true), Bytes);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        using CudaScope scope = _device.TryEnter();
        if (!scope.IsEntered) return;
        Free(Address, isMapped: true);
    }

    private static CudaLocation LocationOf(CudaDevice device) => new() { Type = LibCuda.LocationDevice, Id = device.Number };

    /// <summary>Each step may fail only where the context has died, and the others are tried then too.</summary>
    private void Free(ulong address, bool isMapped)
    {
        if (isMapped) _ = LibCuda.MemUnmap(address, (nuint)Bytes);
        if (address != 0) _ = LibCuda.MemAddressFree(address, (nuint)Bytes);
        _ = LibCuda.MemRelease(_handle);
    }
}
