using Microsoft.Win32.SafeHandles;
using PrefixCache.Format.Native.Posix;

namespace PrefixCache.Core.Native.Posix;

/// <summary>Tells when processes are dead.</summary>
/// <remarks>
/// One thread waits for all of them (poll(2) over their pidfds, and an eventfd that wakes it when the list changes); it calls back, without
/// a
/// lock of its own, and a callback must not wait. Thread-safe. Owns the handles that it is given.
/// </remarks>
public sealed class ProcessWatch : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<(ProcessHandle Process, Action Died)> _watched = [];
    private readonly SafeFileHandle _wake;
    private readonly Thread _thread;
    private bool _stop;

    public ProcessWatch()
    {
        var descriptor = LibC.EventDescriptor(0, LibC.EventCloseOnExec | LibC.EventNonBlocking);
        if (descriptor < 0) throw PosixException.FromLastCall("eventfd");
        _wake = new SafeFileHandle(descriptor, ownsHandle: true);
        _thread = new Thread(Watch) { IsBackground = true, Name = "PrefixCache processes" };
        _thread.Start();
    }

    /// <summary>Processes that are watched.</summary>
    public int Count
    {
        get
        {
            lock (_gate) return _watched.Count;
        }
    }

    /// <summary>Calls <paramref name="died"/> once, when the process is dead; the handle is closed then.</summary>
    public void Add(ProcessHandle process, Action died)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stop, this);
            _watched.Add((process, died));
        }

        Wake();
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_stop) return;
            _stop = true;
        }

        Wake();
        _thread.Join();
        foreach (var (process, _) in _watched) process.Dispose();
        _wake.Dispose();
    }

    private void Wake()
    {
        var one = 1L;
        // It fails only when 2^64 - 2 wakes are pending.
        _ = LibC.Write(_wake, ref one, sizeof(long));
    }

    private void Watch()
    {
        while (true)
        {
            (ProcessHandle Process, Action Died)[] watched;
            lock (_gate)
            {
                if (_stop) return;
                watched = [.. _watched];
            }

            var polled = new PollDescriptor[watched.Length + 1];
            polled[0] = new PollDescriptor { Descriptor = (int)_wake.DangerousGetHandle(), Events = PollDescriptor.Readable };
            for (var i = 0; i < watched.Length; i++)
            {
                polled[i + 1] = new PollDescriptor
                {
                    Descriptor = (int)watched[i].Process.Descriptor.DangerousGetHandle(),
                    Events = PollDescriptor.Readable,
                };
            }

            if (LibC.Poll(ref polled[0], (nuint)polled.Length, Timeout.Infinite) < 0) continue; // A signal interrupted it.
            if (polled[0].Returned != 0)
            {
                long count = 0;
                _ = LibC.Read(_wake, ref count, sizeof(long));
            }

            for (var i = 0; i < watched.Length; i++)
                if (polled[i + 1].Returned != 0) End(watched[i]);
        }
    }

    private void End((ProcessHandle Process, Action Died) dead)
    {
        lock (_gate) _watched.Remove(dead);
        dead.Died();
        dead.Process.Dispose();
    }
}
