namespace PrefixCache.Format.Devices;

/// <summary>Contiguous memory of a device, taken or mapped.</summary>
/// <remarks>Disposing it gives it back, or unmaps it: when no copy uses it any more.</remarks>
public interface IDeviceMemory : IDisposable
{
    /// <summary>First byte, as this process's copies name it.</summary>
    ulong Address { get; }

    long Bytes { get; }

    /// <summary>What another process needs to map it. The caller owns the result.</summary>
    /// <exception cref="DeviceException">The device shares no memory between processes.</exception>
    DeviceShare Export();
}
