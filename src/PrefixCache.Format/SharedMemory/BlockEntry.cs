namespace PrefixCache.Format.SharedMemory;

/// <summary>The fields of an entry of the block table, as they were under one generation.</summary>
/// <param name="Offset">Where the block begins in the arena.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Checksum">XXH3-64 over the segments' checksums; 0 = not known yet.</param>
/// <param name="Tokens">Tokens that it holds.</param>
/// <param name="Segments">Its segments.</param>
public readonly record struct BlockEntry(long Offset, long Length, ulong Checksum, int Tokens, int Segments);
