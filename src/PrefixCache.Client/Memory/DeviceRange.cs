using PrefixCache.Format.Devices;

namespace PrefixCache.Client.Memory;

/// <summary>A range of a device's memory, and the allocation that it lies in.</summary>
/// <remarks>
/// One copy may reach from a slice of an allocation to another of the same, not from one allocation to the next: so take an engine's cache
/// as one range where it is one allocation, and slice that. Owns nothing.
/// </remarks>
public readonly record struct DeviceRange
{
    /// <param name="address">First byte of an allocation, as this process's copies name it.</param>
    /// <param name="bytes">All of it.</param>
    public DeviceRange(ulong address, long bytes)
        : this(address, bytes, address)
    {
    }

    /// <param name="memory">Stays the caller's.</param>
    public DeviceRange(IDeviceMemory memory)
        : this(memory.Address, memory.Bytes)
    {
    }

    private DeviceRange(ulong address, long bytes, ulong allocation)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(address, ulong.MaxValue - (ulong)bytes);
        (Address, Bytes, Allocation) = (address, bytes, allocation);
    }

    /// <summary>First byte.</summary>
    public ulong Address { get; }

    public long Bytes { get; }

    /// <summary>First byte of the allocation.</summary>
    public ulong Allocation { get; }

    /// <exception cref="ArgumentOutOfRangeException">It does not lie in this range.</exception>
    public DeviceRange Slice(long offset, long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Bytes - bytes);
        return new DeviceRange(Address + (ulong)offset, bytes, Allocation);
    }

    /// <summary>From a byte to the end.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The byte lies outside.</exception>
    public DeviceRange Slice(long offset) => Slice(offset, Bytes - offset);
}
