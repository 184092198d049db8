namespace PrefixCache.Core.Memory;

/// <summary>Names a lane.</summary>
/// <param name="UnitBytes">Its smallest block, in bytes.</param>
/// <param name="IsWhole">Its blocks are whole chunks, all of that size.</param>
internal readonly record struct LaneKey(long UnitBytes, bool IsWhole);
