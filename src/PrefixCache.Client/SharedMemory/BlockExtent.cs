namespace PrefixCache.Client.SharedMemory;

/// <summary>One block in the arena.</summary>
/// <param name="Offset">From the arena's start, in bytes.</param>
/// <param name="Tokens">Tokens that the block holds.</param>
/// <param name="Entry">Its entry in the control region.</param>
/// <param name="Generation">The entry's generation while the block is in place.</param>
internal readonly record struct BlockExtent(long Offset, int Tokens, int Entry, ulong Generation);
