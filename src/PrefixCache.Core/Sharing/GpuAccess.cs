using PrefixCache.Core.Memory;
using PrefixCache.Core.Tiers.Gpu;
using PrefixCache.Format.Devices;

namespace PrefixCache.Core.Sharing;

/// <summary>Device memory that a session's process may map.</summary>
public sealed class GpuAccess
{
    internal GpuAccess(GpuArena arena) => Arena = arena;

    internal GpuArena Arena { get; }

    public Guid ArenaId => Arena.Id;

    /// <summary>The device that it is on.</summary>
    public DeviceIdentity Device => Arena.Device.Identity;

    /// <summary>Bytes of the memory.</summary>
    public long CapacityBytes => Arena.CapacityBytes;

    /// <summary>What another process needs to map it. The node's.</summary>
    public DeviceShare Share => Arena.Share;

    /// <summary>Its block table; for reading only.</summary>
    public ControlRegion Control => Arena.Control;
}
