namespace PrefixCache.TestDevices.HostMemory;

/// <summary>What a device of host memory has at a moment, and what it has done.</summary>
public sealed record HostMemoryCounts
{
    /// <summary>Open devices over it.</summary>
    public int Devices { get; init; }

    /// <summary>Memory taken and not given back.</summary>
    public int Allocations { get; init; }

    /// <summary>Memory of others that is mapped.</summary>
    public int Imports { get; init; }

    public int Streams { get; init; }

    public int Events { get; init; }

    /// <summary>Host ranges that are registered.</summary>
    public int Registrations { get; init; }

    /// <summary>Bytes of <see cref="Allocations"/>.</summary>
    public long AllocatedBytes { get; init; }

    /// <summary>Bytes of <see cref="Registrations"/>.</summary>
    public long RegisteredBytes { get; init; }

    /// <summary>Copies queued that have not ended.</summary>
    public int CopiesUnderWay { get; init; }

    public long CopiesUp { get; init; }

    public long CopiesDown { get; init; }

    public long CopiesWithin { get; init; }

    /// <summary>Host to device, ended.</summary>
    public long BytesUp { get; init; }

    /// <summary>Device to host, ended.</summary>
    public long BytesDown { get; init; }

    /// <summary>Device to device, ended.</summary>
    public long BytesWithin { get; init; }

    /// <summary>Copies whose host side was not registered.</summary>
    public long UnregisteredCopies { get; init; }
}
