namespace PrefixCache.Format.Devices;

/// <summary>One device and its memory.</summary>
/// <remarks>
/// Thread-safe: any thread may call. Dispose it after everything that was made with it. A call that fails throws a
/// <see cref="DeviceException"/>; after one that is no lack of memory nothing of this device may be relied on.
/// </remarks>
public interface IDevice : IDisposable
{
    DeviceIdentity Identity { get; }

    /// <summary>Bytes that nobody has taken, now.</summary>
    long FreeBytes { get; }

    /// <summary>Takes memory that other processes can be given, where the device supports that.</summary>
    /// <param name="bytes">At least; rounded up to what the device hands out, a multiple of 4,096.</param>
    /// <exception cref="DeviceException">Out of memory, or the device fails.</exception>
    IDeviceMemory Allocate(long bytes);

    /// <summary>Maps memory that another process has taken on the same device.</summary>
    /// <param name="share">Its descriptor stays the caller's and may be closed afterwards.</param>
    /// <exception cref="DeviceException">It cannot be mapped.</exception>
    IDeviceMemory Import(DeviceShare share);

    /// <summary>A queue of copies, which run in order beside those of other queues.</summary>
    IDeviceStream OpenStream();

    /// <summary>
    /// Pins a range of this process's memory, so that copies from and to it run at full speed and beside the caller. A copy must lie
    /// within one registered range, or in none. A refusal leaves the device well.
    /// </summary>
    /// <param name="start">First byte, at a page.</param>
    /// <param name="bytes">Whole pages.</param>
    /// <exception cref="DeviceException">The system or the driver refuses.</exception>
    void Register(nint start, long bytes);

    /// <summary>Ends <see cref="Register"/>; no copy from or to the range may be under way.</summary>
    void Unregister(nint start);
}
