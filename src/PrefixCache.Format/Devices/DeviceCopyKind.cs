namespace PrefixCache.Format.Devices;

/// <summary>Between which memories a copy goes.</summary>
public enum DeviceCopyKind
{
    HostToDevice,
    DeviceToHost,
    DeviceToDevice,
}
