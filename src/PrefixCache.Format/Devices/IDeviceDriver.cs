namespace PrefixCache.Format.Devices;

/// <summary>What finds and opens the devices (GPUs) of this machine. Thread-safe.</summary>
public interface IDeviceDriver
{
    /// <summary>The devices that this process may use, in the driver's order; empty = there is none.</summary>
    /// <exception cref="DeviceException">There is no driver, or it does not work; the message says what to do.</exception>
    IReadOnlyList<DeviceIdentity> List();

    /// <summary>Opens a device. The caller owns it; one that is opened twice is two objects over the same memory.</summary>
    /// <param name="uuid">From <see cref="List"/>.</param>
    /// <exception cref="DeviceException">The device is not there, or cannot be used.</exception>
    IDevice Open(Guid uuid);
}
