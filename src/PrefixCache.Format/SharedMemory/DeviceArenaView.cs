using Microsoft.Win32.SafeHandles;
using PrefixCache.Format.Devices;
using PrefixCache.Format.Native.Posix;

namespace PrefixCache.Format.SharedMemory;

/// <summary>A worker's view of a node's arena in a device's memory: that memory, and the table that says which blocks lie in it.</summary>
/// <remarks>
/// Owns both mappings, not the device, which must outlive it. Memory that came as a descriptor outlives the node; what came as a handle may
/// go with it, and copies fail then.
/// </remarks>
public sealed class DeviceArenaView : MappedArena
{
    private readonly IDeviceMemory _memory;

    private DeviceArenaView(ControlView control, IDeviceMemory memory)
        : base(control) => _memory = memory;

    /// <summary>Maps what a node has handed over; descriptor and share may be closed afterwards.</summary>
    /// <param name="device">The one that the memory is of.</param>
    /// <exception cref="IOException">It is no arena that this version understands.</exception>
    /// <exception cref="PosixException">The control region cannot be mapped.</exception>
    /// <exception cref="DeviceException">The device cannot map its memory.</exception>
    public static DeviceArenaView Map(SafeFileHandle control, DeviceShare share, IDevice device)
    {
        var controlView = ControlView.Map(control);
        IDeviceMemory? memory = null;
        try
        {
            memory = device.Import(share);
            // A device hands out whole pages: the memory may be larger than the arena in it.
            return memory.Bytes >= controlView.ArenaBytes ? new DeviceArenaView(controlView, memory) : throw ControlView.Misfit();
        }
        catch
        {
            controlView.Dispose();
            memory?.Dispose();
            throw;
        }
    }

    /// <summary>Where a range of the payload lies, for copies of the device; hold the view until they have ended.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not within the arena.</exception>
    public ulong Address(long offset, long length)
    {
        CheckRange(offset, length);
        return _memory.Address + (ulong)offset;
    }

    private protected override void Unmap() => _memory.Dispose();
}
