using PrefixCache.Format.Devices;

namespace PrefixCache.Core.Tiers.Gpu;

/// <summary>One device of the gpu tier. Owns it and its arenas.</summary>
internal sealed class GpuDevice(DeviceIdentity identity, IDevice handle) : IDisposable
{
    public DeviceIdentity Identity => identity;

    public IDevice Handle => handle;

    /// <summary>One per trust domain whose workers may map memory.</summary>
    public List<GpuArena> Arenas { get; } = [];

    /// <summary>Changed under the node's lock, once.</summary>
    public bool IsOn { get; private set; } = true;

    /// <summary>Why it is off.</summary>
    public string Cause { get; private set; } = "";

    public void TurnOff(string cause)
    {
        (IsOn, Cause) = (false, cause);
        foreach (var arena in Arenas) arena.TurnOff();
    }

    public void Dispose()
    {
        foreach (var arena in Arenas) arena.Dispose();
        handle.Dispose();
    }
}
