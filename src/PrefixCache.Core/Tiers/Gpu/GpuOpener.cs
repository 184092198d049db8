using PrefixCache.Core.Sharing;
using PrefixCache.Format.Devices;

namespace PrefixCache.Core.Tiers.Gpu;

/// <summary>Opens the devices of the tier and takes their memory, at start.</summary>
internal static class GpuOpener
{
    /// <param name="refused">Why devices are not used that should have been, each a sentence.</param>
    public static IReadOnlyList<GpuDevice> Open(GpuTier tier, IReadOnlyList<TrustDomain> domains, out IReadOnlyList<string> refused)
    {
        var (opened, faults) = (new List<GpuDevice>(), new List<string>());
        refused = faults;
        var shared = domains.Where(domain => domain.IsShared).ToList();
        if (shared.Count == 0)
        {
            faults.Add("No tenant's workers may map memory: give tenants that trust one another trust-domains.");
            return opened;
        }

        foreach (var identity in Select(tier.Options, faults))
        {
            try
            {
                opened.Add(Open(tier, identity, shared));
            }
            catch (DeviceException exception)
            {
                faults.Add($"{identity.Text} ({identity.Name}): {exception.Message}");
            }
        }

        return opened;
    }

    private static List<DeviceIdentity> Select(GpuOptions options, List<string> faults)
    {
        try
        {
            var all = options.Driver!.List();
            if (all.Count == 0) faults.Add("The driver shows no device: look at CUDA_VISIBLE_DEVICES and at what the container is given.");
            if (options.Devices.Count == 0) return [.. all];
            foreach (var uuid in options.Devices.Where(uuid => all.All(device => device.Uuid != uuid)))
                faults.Add($"gpu-devices: GPU-{uuid} is not here; there are {string.Join(", ", all.Select(device => device.Text))}.");
            return [.. all.Where(device => options.Devices.Contains(device.Uuid))];
        }
        catch (DeviceException exception)
        {
            faults.Add(exception.Message);
            return [];
        }
    }

    private static GpuDevice Open(GpuTier tier, DeviceIdentity identity, List<TrustDomain> shared)
    {
        var device = new GpuDevice(identity, tier.Options.Driver!.Open(identity.Uuid));
        try
        {
            var free = device.Handle.FreeBytes;
            if (!tier.Options.Capacity.TryResolve(free, identity.TotalBytes, out var bytes, out var usable))
            {
                throw new DeviceException(
                    $"gpu-capacity is {tier.Options.Capacity} and {free >> 20}MiB are free, of which {usable >> 20}MiB may "
                    + "be taken: lower it, or start the node before what else uses the device.", isOutOfMemory: true);
            }

            // Each domain the same part of the device as of the host tier.
            var host = shared.Sum(domain => (double)domain.Host.CapacityBytes);
            foreach (var domain in shared)
                device.Arenas.Add(new GpuArena(tier, device, domain, (long)(bytes * (domain.Host.CapacityBytes / host))));
            return device;
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }
}
