using System.Text.Json.Serialization;

namespace PrefixCache.Samples.Serving.Prompts;

/// <summary>What the node had of a prompt and advised, and what following it took.</summary>
/// <param name="Tiers">One for each tier that has a part; none when nothing was known of the prompt.</param>
/// <param name="LoadedTokens">Leading tokens that were loaded.</param>
/// <param name="LoadMs">What loading them took, in milliseconds; without the lookup.</param>
/// <param name="ComputedTokens">Tokens behind them.</param>
/// <param name="ComputeMs">What computing those took, in milliseconds.</param>
public sealed record LoadAccount(
    [property: JsonPropertyName("tiers")] IReadOnlyList<TierAdvice> Tiers,
    [property: JsonPropertyName("loaded_tokens")] int LoadedTokens,
    [property: JsonPropertyName("load_ms")] double LoadMs,
    [property: JsonPropertyName("computed_tokens")] int ComputedTokens = 0,
    [property: JsonPropertyName("compute_ms")] double ComputeMs = 0);
