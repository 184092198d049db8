using PrefixCache.Core.Tiers.Host;
using PrefixCache.Format.Layouts;
using PrefixCache.Server.Options;

namespace PrefixCache.Benchmarks.Local;

/// <summary>The model case: 900 tokens of Llama 3.1 8B in bf16, 118 MB of KV, in an arena that holds some dozen of them.</summary>
internal static class LocalWorkload
{
    public const int PromptTokens = 900;

    /// <summary>Of an engine's paged cache.</summary>
    public const int PageTokens = 16;

    public const int Heads = 8;

    public static KvLayout Layout { get; } =
        KvLayout.Uniform("llama-3.1-8b", "benchmark", KvType.BFloat16, layers: 32, kvHeads: Heads, headDimension: 128);

    public static ShardShape Shape => Layout.Shapes[0];

    public static int PromptBytes => Shape.PayloadBytes(PromptTokens);

    public static PrefixCacheNodeOptions NodeOptions { get; } = new()
    {
        Listen = ["127.0.0.1:0"],
        Host = new HostTierOptions { CapacityBytes = 2L << 30 },
    };

    public static int[] Prompt(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, PromptTokens).Select(_ => random.Next(128_000))];
    }
}
