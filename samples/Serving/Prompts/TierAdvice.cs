using System.Text.Json.Serialization;

namespace PrefixCache.Samples.Serving.Prompts;

/// <summary>What the node said of the part of a prompt that one of its tiers has.</summary>
/// <param name="Tier">host, redis, gpu.</param>
/// <param name="FirstToken">Of the prompt.</param>
/// <param name="EndToken">Without this token.</param>
/// <param name="LoadMs">Expected for loading the part, in milliseconds.</param>
/// <param name="ComputeMs">Expected for computing it, in milliseconds; null = the node does not know yet.</param>
/// <param name="Load">Whether to load it.</param>
/// <param name="Reason">estimate, mode, probe, unknown.</param>
public sealed record TierAdvice(
    [property: JsonPropertyName("tier")] string Tier,
    [property: JsonPropertyName("first_token")] int FirstToken,
    [property: JsonPropertyName("end_token")] int EndToken,
    [property: JsonPropertyName("expected_load_ms")] double LoadMs,
    [property: JsonPropertyName("expected_compute_ms")] double? ComputeMs,
    [property: JsonPropertyName("load")] bool Load,
    [property: JsonPropertyName("reason")] string Reason);
