namespace PrefixCache.Format.Devices;

/// <summary>A mark in a stream: it is reached when every copy queued before it has ended.</summary>
/// <remarks>Thread-safe; disposed when nobody asks it any more.</remarks>
public interface IDeviceEvent : IDisposable
{
    /// <exception cref="DeviceException">A copy before it failed.</exception>
    bool IsReached { get; }

    /// <summary>Blocks until it is reached. What the copies wrote is visible to the caller then.</summary>
    /// <exception cref="DeviceException">A copy before it failed.</exception>
    void Wait();
}
