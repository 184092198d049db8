namespace PrefixCache.GpuCheck.Copies;

/// <summary>The least share of a plain copy's speed.</summary>
internal static class CopyBars
{
    /// <summary>Within a device.</summary>
    public const double Device = 0.8;

    /// <summary>Between the host's registered memory and a device.</summary>
    public const double Host = 0.85;

    public static double Of(Format.Devices.DeviceCopyKind kind) =>
        kind == Format.Devices.DeviceCopyKind.DeviceToDevice ? Device : Host;
}
