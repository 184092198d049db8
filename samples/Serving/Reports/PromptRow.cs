using System.Text.Json.Serialization;
using PrefixCache.Samples.Serving.Prompts;

namespace PrefixCache.Samples.Serving.Reports;

/// <summary>One prompt in both runs.</summary>
public record PromptRow
{
    /// <summary>Compares two results of one prompt.</summary>
    public PromptRow(PromptResult without, PromptResult with)
    {
        ArgumentNullException.ThrowIfNull(without);
        ArgumentNullException.ThrowIfNull(with);
        PromptTokens = with.PromptTokens;
        ReusedTokens = with.ReusedTokens;
        TtftMsWithout = Math.Round(without.TimeToFirstTokenMs, 3);
        TtftMsWith = Math.Round(with.TimeToFirstTokenMs, 3);
        Plane = with.Plane;
        OutputsEqual = without.PromptTokens == with.PromptTokens && without.OutputTokens.SequenceEqual(with.OutputTokens);
    }

    /// <summary>Length of the prompt.</summary>
    [JsonPropertyName("prompt_tokens")]
    public int PromptTokens { get; }

    /// <summary>Tokens loaded from the cache in the run with it.</summary>
    [JsonPropertyName("reused_tokens")]
    public int ReusedTokens { get; }

    /// <summary>Time to first token without the cache, in milliseconds.</summary>
    [JsonPropertyName("ttft_ms_without")]
    public double TtftMsWithout { get; }

    /// <summary>Time to first token with the cache, in milliseconds.</summary>
    [JsonPropertyName("ttft_ms_with")]
    public double TtftMsWith { get; }

    /// <summary>How the reused KV came; shown in the table only.</summary>
    [JsonIgnore]
    public string Plane { get; }

    /// <summary>Both runs decoded the same tokens.</summary>
    [JsonIgnore]
    public bool OutputsEqual { get; }
}
