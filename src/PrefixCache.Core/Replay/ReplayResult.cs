namespace PrefixCache.Core.Replay;

/// <summary>What a run came to, over all nodes.</summary>
public sealed record ReplayResult
{
    public required ReplaySetup Setup { get; init; }

    public required int Requests { get; init; }

    /// <summary>Chunks of the prompts that were there, up to the first that was not.</summary>
    public required long HitBlocks { get; init; }

    public required long TotalBlocks { get; init; }

    public required long HitTokens { get; init; }

    public required long TotalTokens { get; init; }

    /// <summary>Chunks that had to go.</summary>
    public required long Evictions { get; init; }

    /// <summary>Tokens that were stored.</summary>
    public long StoredTokens { get; init; }

    /// <summary>Most tokens that were held at one time, summed over the nodes.</summary>
    public long PeakTokens { get; init; }

    public double BlockHitRate => TotalBlocks == 0 ? 0 : (double)HitBlocks / TotalBlocks;

    public double TokenHitRate => TotalTokens == 0 ? 0 : (double)HitTokens / TotalTokens;
}
