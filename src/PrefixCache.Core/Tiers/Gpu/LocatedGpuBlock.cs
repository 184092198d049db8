namespace PrefixCache.Core.Tiers.Gpu;

/// <summary>Where one block lies in a device's memory.</summary>
/// <param name="Position">Chunk position in the sequence.</param>
/// <param name="Offset">From the memory's start, in bytes.</param>
/// <param name="Tokens">Tokens that it holds.</param>
/// <param name="Entry">Its entry in the control region.</param>
/// <param name="Generation">The entry's while it is in place.</param>
public readonly record struct LocatedGpuBlock(int Position, long Offset, int Tokens, int Entry, ulong Generation);
