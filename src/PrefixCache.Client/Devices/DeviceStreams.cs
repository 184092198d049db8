using PrefixCache.Format.Devices;

namespace PrefixCache.Client.Devices;

/// <summary>The streams of a client's transfers: each is one transfer's at a time, and is opened when none is free.</summary>
/// <remarks>Owns those that are free. Thread-safe.</remarks>
internal sealed class DeviceStreams(IDevice device) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Stack<IDeviceStream> _free = [];
    private bool _isDisposed;

    /// <summary>The caller gives it back, or disposes it.</summary>
    /// <exception cref="DeviceException">The device fails.</exception>
    public IDeviceStream Take()
    {
        lock (_gate)
        {
            // A transfer that outlives the client ends in order; its stream is closed when it comes back.
            if (_free.TryPop(out var stream)) return stream;
        }

        return device.OpenStream();
    }

    /// <param name="stream">All that was queued in it has ended.</param>
    public void GiveBack(IDeviceStream stream)
    {
        lock (_gate)
        {
            if (!_isDisposed)
            {
                _free.Push(stream);
                return;
            }
        }

        Close(stream);
    }

    public void Dispose()
    {
        lock (_gate) _isDisposed = true;
        while (_free.TryPop(out var stream)) Close(stream);
    }

    /// <summary>Ends a stream, of a device too that does not work any more.</summary>
    public static void Close(IDeviceStream stream)
    {
        try
        {
            stream.Dispose();
        }
        catch (DeviceException)
        {
            // What failed was said where it failed.
        }
    }
}
