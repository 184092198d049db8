using System.Text.Json.Serialization;

namespace PrefixCache.Samples.Serving.Reports;

/// <summary>Two runs of the same prompts compared.</summary>
public abstract class ComparisonReport
{
    /// <summary>Every prompt, in the order that they were worked on.</summary>
    [JsonIgnore]
    protected abstract IReadOnlyList<PromptRow> Rows { get; }

    /// <summary>No output token differs between the runs.</summary>
    [JsonPropertyName("outputs_equal")]
    public bool OutputsEqual => Rows.All(row => row.OutputsEqual);

    /// <summary>How the reused KV came from the node to the workers; several where it changed, none where nothing was reused.</summary>
    [JsonPropertyName("plane")]
    public string Plane =>
        string.Join(", ", Rows.Select(row => row.Plane).Where(plane => plane.Length > 0).Distinct().DefaultIfEmpty("none"));

    /// <summary>Tokens loaded, as a share of all prompt tokens; 0 to 1.</summary>
    [JsonPropertyName("hit_rate_tokens")]
    public double HitRateTokens =>
        Rows.Count == 0 ? 0 : (double)Rows.Sum(row => (long)row.ReusedTokens) / Rows.Sum(row => (long)row.PromptTokens);

    /// <summary>
    /// Time to first token without the cache less that with it, summed over all prompts; negative when the cache cost more than it saved.
    /// </summary>
    [JsonPropertyName("prefill_seconds_saved")]
    public double PrefillSecondsSaved => Rows.Sum(row => row.TtftMsWithout - row.TtftMsWith) / 1000;

    /// <summary>Median over all prompts, in milliseconds.</summary>
    [JsonPropertyName("median_ttft_ms_without")]
    public double MedianTtftMsWithout => Figures.Median(Rows.Select(row => row.TtftMsWithout));

    /// <summary>Median over all prompts, in milliseconds.</summary>
    [JsonPropertyName("median_ttft_ms_with")]
    public double MedianTtftMsWith => Figures.Median(Rows.Select(row => row.TtftMsWith));
}
