namespace PrefixCache.Format.Devices;

/// <summary>A device, or its driver, cannot do what it was asked for.</summary>
/// <param name="message">What failed, and what to do.</param>
/// <param name="isOutOfMemory">It lacks memory and is well otherwise.</param>
public class DeviceException(string message, bool isOutOfMemory = false) : Exception(message)
{
    public bool IsOutOfMemory { get; } = isOutOfMemory;
}
