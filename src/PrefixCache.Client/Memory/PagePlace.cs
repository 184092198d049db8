namespace PrefixCache.Client.Memory;

/// <summary>Tokens of one page: what a tile needs beside its memory.</summary>
/// <param name="Offset">Of the first token, in bytes from the segment's first page.</param>
internal readonly record struct PagePlace(long Offset, int Tokens, int TokenStride, int PartBytes, int Parts, int PartStride);
