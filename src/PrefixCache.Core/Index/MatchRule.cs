namespace PrefixCache.Core.Index;

/// <summary>Which runs within a chunk are a hit.</summary>
/// <param name="MinTokens">The shortest that ends in the middle of a stored chunk; 0 = none is.</param>
/// <param name="AlignTokens">The engine's block size, 1 or more.</param>
internal readonly record struct MatchRule(int MinTokens, int AlignTokens = 1);
