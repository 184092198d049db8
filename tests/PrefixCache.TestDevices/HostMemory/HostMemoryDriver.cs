using PrefixCache.Format.Devices;

namespace PrefixCache.TestDevices.HostMemory;

/// <summary>Finds devices whose memory is host memory, in any number.</summary>
/// <remarks>Another process with a driver of its own sees the same devices, by their identities, and maps what this one exports.</remarks>
public sealed class HostMemoryDriver : IDeviceDriver
{
    /// <param name="devices">None = one as it comes by default.</param>
    public HostMemoryDriver(params ReadOnlySpan<HostMemoryOptions> devices)
    {
        List<HostMemoryGpu> gpus = [];
        foreach (HostMemoryOptions options in devices) gpus.Add(new HostMemoryGpu(options));
        if (gpus.Count == 0) gpus.Add(new HostMemoryGpu());
        Gpus = gpus;
    }

    /// <summary>What is listed: may be emptied by a test that has no device.</summary>
    public IReadOnlyList<HostMemoryGpu> Gpus { get; init; }

    /// <summary>The first device.</summary>
    public HostMemoryGpu Gpu => Gpus[0];

    /// <summary>Why there is no driver; null = there is one.</summary>
    public string? Absence { get; set; }

    /// <summary>Wrong calls, and what has not been given back, of all devices.</summary>
    public IReadOnlyList<string> Complaints => [.. Gpus.SelectMany(gpu => gpu.Complaints)];

    public IReadOnlyList<DeviceIdentity> List()
    {
        ThrowIfAbsent();
        return [.. Gpus.Select(gpu => gpu.Identity)];
    }

    public IDevice Open(Guid uuid)
    {
        ThrowIfAbsent();
        HostMemoryGpu gpu = Gpus.FirstOrDefault(one => one.Identity.Uuid == uuid)
            ?? throw new DeviceException($"There is no device GPU-{uuid}; there are {Gpus.Count} others.");
        return new HostMemoryDevice(gpu);
    }

    private void ThrowIfAbsent()
    {
        if (Absence is not null) throw new DeviceException(Absence);
    }
}
