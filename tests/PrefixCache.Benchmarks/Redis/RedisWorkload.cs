using PrefixCache.Benchmarks.Local;

namespace PrefixCache.Benchmarks.Redis;

/// <summary>What is kept in Redis: 900 tokens of Llama-3.1-8B in bf16, three chunks of 32 MiB and one of 132 tokens.</summary>
internal static class RedisWorkload
{
    public const int PromptTokens = 900;

    /// <summary>The largest part that a chunk is cut into.</summary>
    public const int PartBytes = 4 << 20;

    public static int PromptBytes => LocalWorkload.Shape.PayloadBytes(PromptTokens);

    public static int ChunkBytes => LocalWorkload.Shape.PayloadBytes(LocalWorkload.Layout.ChunkTokens);
}
