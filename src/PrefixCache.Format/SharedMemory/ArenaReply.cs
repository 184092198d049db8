namespace PrefixCache.Format.SharedMemory;

/// <summary>The node's answer on the socket that hands out its memory.</summary>
/// <param name="IsGranted">Descriptors come with it.</param>
/// <param name="IsWritable">The payload may be written.</param>
/// <param name="ArenaId">The arena.</param>
/// <param name="ArenaBytes">Bytes of its payload.</param>
/// <param name="ControlBytes">Bytes of its control region.</param>
/// <param name="Text">Refused: what is wrong, and what to do.</param>
public readonly record struct ArenaReply(
    bool IsGranted, bool IsWritable, Guid ArenaId, long ArenaBytes, long ControlBytes, string Text)
{
    /// <summary>
    /// Names a device's memory, in place of a descriptor: <see cref="Devices.DeviceShare.HandleBytes"/> bytes of its driver. Null = the
    /// memory comes as a descriptor.
    /// </summary>
    public byte[]? Handle { get; init; }

    public static ArenaReply Refused(string text) => new(false, false, default, 0, 0, text);
}
