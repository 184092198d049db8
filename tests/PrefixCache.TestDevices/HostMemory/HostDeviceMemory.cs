using Microsoft.Win32.SafeHandles;
using PrefixCache.Format.Devices;
using PrefixCache.Format.Native.Posix;

namespace PrefixCache.TestDevices.HostMemory;

/// <summary>Memory of a device: a memory file and its mapping.</summary>
internal sealed unsafe class HostDeviceMemory : IDeviceMemory
{
    private readonly HostMemoryDevice _device;
    private readonly SafeFileHandle _descriptor;
    private readonly MemoryRange _range;
    private readonly bool _isImported;
    private int _disposed;

    /// <param name="descriptor">Becomes this object's.</param>
    public HostDeviceMemory(HostMemoryDevice device, SafeFileHandle descriptor, long bytes, bool isImported)
    {
        (_device, _descriptor, _isImported) = (device, descriptor, isImported);
        MemoryMapping mapping;
        try
        {
            mapping = MemoryMapping.Map(descriptor, bytes, writable: true);
        }
        catch (PosixException exception)
        {
            descriptor.Dispose();
            throw new DeviceException(exception.Message);
        }

        _range = new MemoryRange(HostMemoryGpu.AddressTag + (ulong)mapping.Pointer, bytes, mapping);
        device.Gpu.AddMemory(_range);
        device.CountPart(1);
        if (isImported) device.Gpu.Change(now => now with { Imports = now.Imports + 1 });
    }

    public ulong Address => Volatile.Read(ref _disposed) == 0
        ? _range.Start
        : throw _device.Gpu.Violation($"The address of device memory {_range} is asked for after it was given back.");

    public long Bytes => _range.Bytes;

    public DeviceShare Export()
    {
        _device.Enter(DeviceCall.Export);
        if (Volatile.Read(ref _disposed) != 0) throw _device.Gpu.Violation($"Device memory {_range} is exported after it was given back.");
        return _device.Gpu.Options.ExportsHandles
            ? new DeviceShare(MemoryDescriptor.Name(_descriptor), Bytes)
            : new DeviceShare(MemoryDescriptor.Duplicate(_descriptor), Bytes);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            _device.Gpu.Note($"Device memory {_range} is given back twice.");
            return;
        }

        if (_device.Gpu.RemoveMemory(_range)) _range.Mapping!.Dispose();
        _descriptor.Dispose();
        if (_isImported) _device.Gpu.Change(now => now with { Imports = now.Imports - 1 });
        else _device.Gpu.GiveBytes(Bytes);
        _device.CountPart(-1);
    }
}
