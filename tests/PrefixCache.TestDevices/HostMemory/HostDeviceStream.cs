using System.Collections.Concurrent;
using PrefixCache.Format.Devices;

namespace PrefixCache.TestDevices.HostMemory;

/// <summary>A queue of copies and the thread that makes them, in order.</summary>
internal sealed class HostDeviceStream : IDeviceStream
{
    private readonly HostMemoryDevice _device;
    private readonly BlockingCollection<Action> _queue = [];
    private readonly Thread _thread;
    private int _busy;
    private int _disposed;

    public HostDeviceStream(HostMemoryDevice device)
    {
        _device = device;
        device.CountPart(1);
        device.Gpu.Change(now => now with { Streams = now.Streams + 1 });
        _thread = new Thread(Run) { IsBackground = true, Name = "host device stream" };
        _thread.Start();
    }

    public void Copy(in DeviceCopy copy)
    {
        Enter(DeviceCall.Copy);
        try
        {
            HeldCopy held = _device.Gpu.Begin(copy);
            if (held is { Source: not null, Destination: not null })
            {
                _queue.Add(() => Make(held));
                return;
            }

            // The driver goes through memory of its own where the host's is not registered, and the caller waits for that.
            using ManualResetEventSlim ended = new();
            _queue.Add(() =>
            {
                Make(held);
                ended.Set();
            });
            ended.Wait();
            _device.Gpu.Faults.ThrowIfBroken();
        }
        finally
        {
            Volatile.Write(ref _busy, 0);
        }
    }

    public IDeviceEvent Record()
    {
        Enter(DeviceCall.Record);
        try
        {
            HostDeviceEvent mark = new(_device);
            _queue.Add(mark.Reach);
            return mark;
        }
        finally
        {
            Volatile.Write(ref _busy, 0);
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            _device.Gpu.Note("A stream is disposed twice.");
            return;
        }

        _queue.CompleteAdding();
        _thread.Join();
        _queue.Dispose();
        _device.Gpu.Change(now => now with { Streams = now.Streams - 1 });
        _device.CountPart(-1);
    }

    private void Enter(DeviceCall call)
    {
        if (Volatile.Read(ref _disposed) != 0) throw _device.Gpu.Violation("A stream is used after it was disposed.");
        _device.Enter(call);
        if (Interlocked.Exchange(ref _busy, 1) != 0) throw _device.Gpu.Violation("Two threads use a stream at a time.");
    }

    private void Run()
    {
        foreach (Action work in _queue.GetConsumingEnumerable()) work();
    }

    private void Make(HeldCopy held)
    {
        HostMemoryGpu gpu = _device.Gpu;
        gpu.Gate.Enter();
        if (gpu.CopyDelay > TimeSpan.Zero) Thread.Sleep(gpu.CopyDelay);
        var isDone = false;
        try
        {
            gpu.Faults.Enter(DeviceCall.RunCopy);
            held.Run();
            isDone = true;
        }
        catch (DeviceException)
        {
            // The device is broken now: events and later calls say so.
        }

        gpu.End(held, isDone);
    }
}
