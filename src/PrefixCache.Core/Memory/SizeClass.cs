namespace PrefixCache.Core.Memory;

/// <summary>How large the memory of a block is: whole steps of 16 tokens, rounded up to pages.</summary>
/// <param name="BytesPerToken">Of the shard, above 0.</param>
/// <param name="Tokens">Of the block, 1 to <paramref name="ChunkTokens"/>.</param>
/// <param name="ChunkTokens">Of a whole chunk of the layout: a multiple of 16.</param>
public readonly record struct SizeClass(int BytesPerToken, int Tokens, int ChunkTokens)
{
    /// <summary>Tokens of a step: what engines page by, and small enough that rounding costs a long prompt next to nothing.</summary>
    public const int StepTokens = 16;

    /// <summary>Payload, in bytes.</summary>
    public long PayloadBytes => (long)Tokens * BytesPerToken;

    /// <summary>What the block takes, in bytes.</summary>
    public long Bytes => RoundToPages((long)Steps * StepTokens * BytesPerToken);

    /// <summary>As large as a whole chunk.</summary>
    public bool IsWhole => Steps * StepTokens == ChunkTokens;

    /// <summary>The smallest block of its lane, in bytes: whole chunks have one size, shorter ones begin at one step.</summary>
    public long UnitBytes => IsWhole ? Bytes : RoundToPages((long)StepTokens * BytesPerToken);

    private int Steps => (Tokens + StepTokens - 1) / StepTokens;

    private static long RoundToPages(long bytes) =>
        (bytes + BlockAllocator.GranularityBytes - 1) / BlockAllocator.GranularityBytes * BlockAllocator.GranularityBytes;
}
