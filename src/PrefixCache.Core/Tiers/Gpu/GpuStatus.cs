using PrefixCache.Format.Devices;

namespace PrefixCache.Core.Tiers.Gpu;

/// <summary>The gpu tier as operators see it. Thread-safe.</summary>
public sealed class GpuStatus
{
    private readonly NodeState _state;
    private readonly GpuTier _tier;

    internal GpuStatus(NodeState state, GpuTier tier) => (_state, _tier) = (state, tier);

    /// <summary>A device has failed and is off from now on, with the cause.</summary>
    public event Action<DeviceIdentity, string>? Lost
    {
        add => _tier.Lost += value;
        remove => _tier.Lost -= value;
    }

    /// <summary>Why devices are not used that should have been, each a sentence.</summary>
    public IReadOnlyList<string> Refused => _tier.Refused;

    /// <summary>Every device as it is now.</summary>
    public IReadOnlyList<GpuDeviceStatus> Devices
    {
        get
        {
            lock (_state.Gate) return [.. _tier.Devices.Select(device => new GpuDeviceStatus(_tier, device))];
        }
    }
}
