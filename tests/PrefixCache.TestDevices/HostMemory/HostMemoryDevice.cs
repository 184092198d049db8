using Microsoft.Win32.SafeHandles;
using PrefixCache.Format.Devices;

namespace PrefixCache.TestDevices.HostMemory;

/// <summary>A device that keeps its memory in host memory, and copies on a thread per stream.</summary>
/// <remarks>What a test makes it do, and what it has seen, lies with its <see cref="Gpu"/>.</remarks>
public sealed class HostMemoryDevice : IDevice
{
    private int _parts;
    private int _disposed;

    /// <param name="gpu">What it is opened over; null = one of its own.</param>
    public HostMemoryDevice(HostMemoryGpu? gpu = null)
    {
        Gpu = gpu ?? new HostMemoryGpu();
        Gpu.Faults.Enter(DeviceCall.Open);
        Gpu.Change(now => now with { Devices = now.Devices + 1 });
    }

    public HostMemoryGpu Gpu { get; }

    public DeviceIdentity Identity => Gpu.Identity;

    public long FreeBytes
    {
        get
        {
            ThrowIfDisposed();
            Gpu.Faults.ThrowIfBroken();
            return Gpu.FreeBytes;
        }
    }

    public IDeviceMemory Allocate(long bytes)
    {
        Enter(DeviceCall.Allocate);
        if (bytes <= 0) throw Gpu.Violation($"Taking {bytes} bytes.");
        var granularity = Gpu.Options.GranularityBytes;
        var rounded = (bytes + granularity - 1) / granularity * granularity;
        Gpu.TakeBytes(rounded);
        try
        {
            return new HostDeviceMemory(this, MemoryDescriptor.Create(rounded), rounded, isImported: false);
        }
        catch
        {
            Gpu.GiveBytes(rounded);
            throw;
        }
    }

    public IDeviceMemory Import(DeviceShare share)
    {
        Enter(DeviceCall.Import);
        SafeFileHandle descriptor = share.Descriptor is { } given
            ? MemoryDescriptor.Duplicate(given)
            : MemoryDescriptor.Open(share.Handle!);
        var length = RandomAccess.GetLength(descriptor);
        if (share.Bytes > 0 && share.Bytes <= length) return new HostDeviceMemory(this, descriptor, share.Bytes, isImported: true);
        descriptor.Dispose();
        throw new DeviceException($"The memory to be mapped has {length} bytes, not {share.Bytes}.");
    }

    public IDeviceStream OpenStream()
    {
        Enter(DeviceCall.OpenStream);
        return new HostDeviceStream(this);
    }

    public void Register(nint start, long bytes)
    {
        Enter(DeviceCall.Register);
        Gpu.Register((ulong)start, bytes);
    }

    public void Unregister(nint start)
    {
        ThrowIfDisposed();
        Gpu.Unregister((ulong)start); // the books are right even where the call fails then
        Gpu.Faults.Enter(DeviceCall.Unregister);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            Gpu.Note("A device is disposed twice.");
            return;
        }

        var parts = Volatile.Read(ref _parts);
        if (parts != 0) Gpu.Note($"A device is disposed before {parts} things that were made with it.");
        Gpu.Change(now => now with { Devices = now.Devices - 1 });
    }

    /// <summary>One more thing, or one less, that must go before the device.</summary>
    internal void CountPart(int change) => Interlocked.Add(ref _parts, change);

    internal void Enter(DeviceCall call)
    {
        ThrowIfDisposed();
        Gpu.Faults.Enter(call);
    }

    private void ThrowIfDisposed()
    {
        if (Volatile.Read(ref _disposed) != 0) throw Gpu.Violation("A device is used after it was disposed.");
    }
}
