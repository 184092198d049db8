using PrefixCache.Core.Memory;

namespace PrefixCache.Core.Sharing;

/// <summary>What a session's process may map.</summary>
/// <param name="Arena">Payload.</param>
/// <param name="Control">Block table; always for reading only.</param>
/// <param name="Writable">The payload may be written.</param>
public sealed record ArenaAccess(Arena Arena, ControlRegion Control, bool Writable);
