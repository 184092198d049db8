using PrefixCache.Core.Replay;

namespace PrefixCache.UnitTests.Replay;

/// <summary>What a flat LRU of so many blocks must come to.</summary>
internal sealed record GoldenCounts(
    ReplayMode Mode, long Capacity, long HitBlocks, long TotalBlocks, long HitTokens, long TotalTokens, long Evictions);
