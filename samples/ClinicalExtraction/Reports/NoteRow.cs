using System.Text.Json.Serialization;

namespace PrefixCache.Samples.ClinicalExtraction.Reports;

/// <summary>One note in both runs.</summary>
public sealed record NoteRow
{
    /// <summary>The note's name; shown in the table only.</summary>
    [JsonIgnore]
    public required string Name { get; init; }

    /// <summary>Length of the prompt.</summary>
    [JsonPropertyName("prompt_tokens")]
    public required int PromptTokens { get; init; }

    /// <summary>Tokens loaded from the cache in the run with it.</summary>
    [JsonPropertyName("reused_tokens")]
    public required int ReusedTokens { get; init; }

    /// <summary>Time to first token without the cache, in milliseconds.</summary>
    [JsonPropertyName("ttft_ms_without")]
    public required double TtftMsWithout { get; init; }

    /// <summary>Time to first token with the cache, in milliseconds.</summary>
    [JsonPropertyName("ttft_ms_with")]
    public required double TtftMsWith { get; init; }

    /// <summary>How the reused KV came; shown in the table only.</summary>
    [JsonIgnore]
    public required string Plane { get; init; }

    /// <summary>Both runs decoded the same tokens.</summary>
    [JsonIgnore]
    public required bool OutputsEqual { get; init; }
}
