namespace PrefixCache.Format.SharedMemory;

/// <summary>The node does not hand its memory to this process, and says why.</summary>
public sealed class ArenaRefusedException(string message) : Exception(message);
