using PrefixCache.Format.Native.Posix;

namespace PrefixCache.TestDevices.HostMemory;

/// <summary>Addresses that copies may name: a device's memory, or a registered range of the host. Guarded by the table's owner.</summary>
internal sealed class MemoryRange(ulong start, long bytes, MemoryMapping? mapping = null)
{
    public ulong Start { get; } = start;

    public long Bytes { get; } = bytes;

    /// <summary>Where the bytes of device memory are; null = the range is the host's.</summary>
    public MemoryMapping? Mapping { get; } = mapping;

    /// <summary>Copies queued that name it.</summary>
    public int Copies { get; set; }

    public bool Holds(ulong first, long length) => first >= Start && length <= Bytes && first - Start <= (ulong)(Bytes - length);

    public bool Touches(ulong first, long length) => first < Start + (ulong)Bytes && first + (ulong)length > Start;

    public override string ToString() => $"0x{Start:x} + {Bytes}";
}
