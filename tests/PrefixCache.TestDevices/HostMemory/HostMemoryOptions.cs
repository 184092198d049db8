namespace PrefixCache.TestDevices.HostMemory;

/// <summary>What a device of host memory is like.</summary>
public sealed record HostMemoryOptions
{
    /// <summary>The device that a process gets which asks for none in particular: the same in every process.</summary>
    public static readonly Guid DefaultUuid = new("6e1c0000-0000-4000-8000-000000000001");

    public Guid Uuid { get; init; } = DefaultUuid;

    public string Name { get; init; } = "Host memory device";

    /// <summary>Memory that it has; taken from the machine only as it is touched.</summary>
    public long CapacityBytes { get; init; } = 256L << 20;

    /// <summary>What sizes are rounded up to.</summary>
    public long GranularityBytes { get; init; } = 64 << 10;

    /// <summary>Exports handles of 64 bytes, which end with their owner, instead of descriptors.</summary>
    public bool ExportsHandles { get; init; }
}
