using System.Diagnostics;
using PrefixCache.Format.Devices;

namespace PrefixCache.Client.Devices;

/// <summary>The copies of a transfer between two memories: a stream of their own, beside those of other lanes.</summary>
/// <remarks>
/// Takes a stream when there is something to copy. Disposing it waits for what is under way: no byte moves afterwards. One thread.
/// </remarks>
/// <param name="kind">Between which memories.</param>
/// <param name="host">Which the host's side lies in; null = the host has no side, or memory that nobody registers.</param>
internal sealed class CopyLane(DevicePlane plane, DeviceCopyKind kind, RegisteredMemory? host = null) : IDisposable
{
    private static readonly TimeSpan LongestSpin = TimeSpan.FromMicroseconds(200);

    private IDeviceStream? _stream;
    private bool _isIdle = true;

    public DeviceCopyKind Kind => kind;

    /// <summary>What is to be queued next.</summary>
    public DeviceCopyBatch Batch { get; } = new();

    /// <summary>Queues what is in the batch, and empties it.</summary>
    /// <exception cref="DeviceException">The device fails.</exception>
    public void Queue()
    {
        Batch.Close();
        if (Batch.Copies.Count > 0)
        {
            _stream ??= plane.Streams.Take();
            _isIdle = false;
        }

        foreach (var copy in Batch.Copies)
        {
            if (host is null) _stream!.Copy(copy);
            else host.Copy(_stream!, copy);
        }

        Batch.Clear();
    }

    /// <summary>Marks what is queued; null = nothing is under way. The caller owns the mark.</summary>
    /// <exception cref="DeviceException">The device fails.</exception>
    public IDeviceEvent? Mark() => _isIdle ? null : _stream!.Record();

    /// <summary>Waits until all that is queued has been copied. What came into host memory is visible then.</summary>
    /// <exception cref="DeviceException">A copy failed.</exception>
    public void Wait()
    {
        using var mark = Mark();
        Wait(mark);
    }

    /// <summary>Waits for the last mark.</summary>
    /// <remarks>
    /// A hit out of the device's own memory takes some dozens of microseconds, as long as it takes to wake a thread that sleeps.
    /// </remarks>
    public void Wait(IDeviceEvent? mark)
    {
        if (mark is not null)
        {
            var began = Stopwatch.GetTimestamp();
            while (!mark.IsReached && Stopwatch.GetElapsedTime(began) < LongestSpin) Thread.SpinWait(20);
            mark.Wait();
        }

        _isIdle = true;
    }

    public void Dispose()
    {
        if (_stream is not { } stream) return;
        _stream = null;
        if (_isIdle || TryDrain(stream)) plane.Streams.GiveBack(stream);
        else DeviceStreams.Close(stream);
    }

    private static bool TryDrain(IDeviceStream stream)
    {
        try
        {
            using var mark = stream.Record();
            mark.Wait();
            return true;
        }
        catch (DeviceException)
        {
            return false;
        }
    }
}
