using PrefixCache.Format.Devices;

namespace PrefixCache.TestDevices.HostMemory;

/// <summary>A mark in a stream's queue.</summary>
internal sealed class HostDeviceEvent : IDeviceEvent
{
    private readonly HostMemoryDevice _device;
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _disposed;

    public HostDeviceEvent(HostMemoryDevice device)
    {
        _device = device;
        device.CountPart(1);
        device.Gpu.Change(now => now with { Events = now.Events + 1 });
    }

    public bool IsReached
    {
        get
        {
            ThrowIfDisposed();
            _device.Gpu.Faults.ThrowIfBroken();
            return _reached.Task.IsCompleted;
        }
    }

    public void Wait()
    {
        ThrowIfDisposed();
        _reached.Task.Wait();
        _device.Gpu.Faults.ThrowIfBroken();
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            _device.Gpu.Note("An event is disposed twice.");
            return;
        }

        _device.Gpu.Change(now => now with { Events = now.Events - 1 });
        _device.CountPart(-1);
    }

    internal void Reach() => _reached.TrySetResult();

    private void ThrowIfDisposed()
    {
        if (Volatile.Read(ref _disposed) != 0) throw _device.Gpu.Violation("An event is used after it was disposed.");
    }
}
