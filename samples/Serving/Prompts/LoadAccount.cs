using System.Text.Json.Serialization;

namespace PrefixCache.Samples.Serving.Prompts;

/// <summary>What the node had of a prompt and advised, and what following it took.</summary>
/// <param name="Tiers">One for each tier that has a part; none when nothing was known of the prompt. What has come from Redis meanwhile is
/// part of the host tier's too.</param>
/// <param name="LoadedTokens">Leading tokens that were loaded.</param>
/// <param name="LoadMs">What loading them took, in milliseconds; without the lookup.</param>
/// <param name="ComputedTokens">Tokens behind them.</param>
/// <param name="ComputeMs">What computing those took, in milliseconds.</param>
public sealed record LoadAccount(
    [property: JsonPropertyName("tiers")] IReadOnlyList<TierAdvice> Tiers,
    [property: JsonPropertyName("loaded_tokens")] int LoadedTokens,
    [property: JsonPropertyName("load_ms")] double LoadMs,
    [property: JsonPropertyName("computed_tokens")] int ComputedTokens = 0,
    [property: JsonPropertyName("compute_ms")] double ComputeMs = 0)
{
    /// <summary>What the lookup took with its waits, for Redis too, in milliseconds.</summary>
    [JsonPropertyName("lookup_ms")]
    public double LookupMs { get; init; }

    /// <summary>Leading tokens that the host tier had before anything came from Redis.</summary>
    [JsonPropertyName("host_tokens")]
    public int HostTokens => Of("host") is { } host ? Math.Min(host.EndToken, Of("redis")?.FirstToken ?? host.EndToken) : 0;

    /// <summary>Tokens behind those that Redis had.</summary>
    [JsonPropertyName("redis_tokens")]
    public int RedisTokens => Of("redis") is { } redis ? redis.EndToken - redis.FirstToken : 0;

    private TierAdvice? Of(string tier) => Tiers.FirstOrDefault(advice => advice.Tier == tier);
}
