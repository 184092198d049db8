namespace PrefixCache.Core.Memory;

/// <summary>How much memory this process may still take.</summary>
/// <param name="Bytes">Bytes, 0 or more.</param>
/// <param name="LimitedBy">Which limit is the tightest, with its numbers, for an error message.</param>
public readonly record struct MemoryAvailability(long Bytes, string LimitedBy);
