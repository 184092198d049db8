using PrefixCache.Core.Tiers.Host;
using PrefixCache.Format.Layouts;
using PrefixCache.Server.Options;

namespace PrefixCache.Benchmarks.Lookup;

/// <summary>What both lookup benchmarks ask: long prompts that are wholly cached, in chunks of the default size.</summary>
internal static class LookupWorkload
{
    public const int ShortPrompt = 8192;
    public const int LongPrompt = 131_072;

    /// <summary>Small KV, for a lookup touches none of it: 512 B a token.</summary>
    public static KvLayout Layout { get; } = KvLayout.Uniform("benchmark", "1", KvType.BFloat16, layers: 1, kvHeads: 2, headDimension: 64);

    public static PrefixCacheNodeOptions NodeOptions { get; } = new()
    {
        Listen = ["127.0.0.1:0"],
        Host = new HostTierOptions { CapacityBytes = 256L << 20, LockPages = false },
    };

    /// <summary>Prompts of different lengths differ from their first token on.</summary>
    public static int[] Tokens(int count)
    {
        var random = new Random(count);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(128_000))];
    }

    public static double Percentile(List<double> values, double share)
    {
        values.Sort();
        return values[Math.Min(values.Count - 1, (int)(values.Count * share))];
    }
}
