using Microsoft.Win32.SafeHandles;

namespace PrefixCache.Format.Devices;

/// <summary>Names memory of a device to another process: by a descriptor, which keeps the memory, or by a handle that ends
/// with its owner.</summary>
/// <remarks>Owns the descriptor.</remarks>
public sealed class DeviceShare : IDisposable
{
    /// <summary>Bytes of a handle.</summary>
    public const int HandleBytes = 64;

    /// <param name="descriptor">A file descriptor of the driver's, to be sent over a Unix socket.</param>
    /// <param name="bytes">Of the memory.</param>
    public DeviceShare(SafeFileHandle descriptor, long bytes) => (Descriptor, Bytes) = (descriptor, bytes);

    /// <param name="handle">64 bytes that mean something to the driver alone.</param>
    /// <param name="bytes">Of the memory.</param>
    public DeviceShare(byte[] handle, long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(handle.Length, HandleBytes, nameof(handle));
        (Handle, Bytes) = (handle, bytes);
    }

    /// <summary>Null where there is a handle.</summary>
    public SafeFileHandle? Descriptor { get; }

    /// <summary>Null where there is a descriptor.</summary>
    public byte[]? Handle { get; }

    public long Bytes { get; }

    public void Dispose() => Descriptor?.Dispose();
}
