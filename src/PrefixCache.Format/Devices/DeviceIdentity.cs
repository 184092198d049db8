namespace PrefixCache.Format.Devices;

/// <summary>Which device it is.</summary>
/// <param name="Uuid">16 bytes in the driver's order, the same in every process: the text behind <c>GPU-</c>.</param>
/// <param name="Name">For people.</param>
/// <param name="TotalBytes">Memory that it has.</param>
public sealed record DeviceIdentity(Guid Uuid, string Name, long TotalBytes)
{
    /// <summary>As tools of the driver's maker write it: GPU-6e1c….</summary>
    public string Text => $"GPU-{Uuid}";
}
