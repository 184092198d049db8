using PrefixCache.Format.Devices;
using PrefixCache.Format.SharedMemory;

namespace PrefixCache.Client.Devices;

/// <summary>An arena that chunks of a hit are copied out of, and the lane that does it.</summary>
/// <remarks>Holds the arena from the call that made it to its end. One thread.</remarks>
internal sealed class HitSource : IDisposable
{
    private readonly Func<long, long, ulong> _address;

    private HitSource(MappedArena arena, Func<long, long, ulong> address, CopyLane lane, TransferPlane plane) =>
        (Arena, _address, Lane, Plane) = (arena, address, lane, plane);

    public MappedArena Arena { get; }

    public CopyLane Lane { get; }

    public TransferPlane Plane { get; }

    /// <summary>When the lane's last byte was in place.</summary>
    public TimeSpan Elapsed { get; set; }

    /// <summary>The node's memory on the device; null when it is going.</summary>
    /// <param name="toHost">Into host memory; else within the device.</param>
    public static HitSource? Of(DevicePlane plane, DeviceArenaView arena, bool toHost) => !arena.TryAcquire()
        ? null
        : new HitSource(arena, arena.Address,
            new CopyLane(plane, toHost ? DeviceCopyKind.DeviceToHost : DeviceCopyKind.DeviceToDevice), TransferPlane.Device);

    /// <summary>The node's memory in the host; null when it is going.</summary>
    public static HitSource? Of(DevicePlane plane, RegisteredArena host) => !host.Arena.TryAcquire()
        ? null
        : new HitSource(host.Arena, host.AddressOf, new CopyLane(plane, DeviceCopyKind.HostToDevice, host.Memory),
            TransferPlane.SharedMemory);

    /// <exception cref="ArgumentOutOfRangeException">The range is not within the arena.</exception>
    public ulong AddressOf(long offset, long length) => _address(offset, length);

    /// <summary>Waits until nothing is copied any more, and lets the arena go.</summary>
    public void Dispose()
    {
        Lane.Dispose();
        Arena.Release();
    }
}
