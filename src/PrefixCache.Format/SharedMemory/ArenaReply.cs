namespace PrefixCache.Format.SharedMemory;

/// <summary>The node's answer on the socket that hands out the arena.</summary>
/// <param name="IsGranted">Descriptors come with it.</param>
/// <param name="IsWritable">The payload may be written.</param>
/// <param name="ArenaId">The arena.</param>
/// <param name="ArenaBytes">Bytes of its payload.</param>
/// <param name="ControlBytes">Bytes of its control region.</param>
/// <param name="Text">Refused: what is wrong, and what to do.</param>
public readonly record struct ArenaReply(
    bool IsGranted, bool IsWritable, Guid ArenaId, long ArenaBytes, long ControlBytes, string Text)
{
    public static ArenaReply Refused(string text) => new(false, false, default, 0, 0, text);
}
