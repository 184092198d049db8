using System.Text.Json.Serialization;
using PrefixCache.Samples.ClinicalExtraction.Corpus;
using PrefixCache.Samples.ClinicalExtraction.Extraction;

namespace PrefixCache.Samples.ClinicalExtraction.Reports;

/// <summary>The two runs compared; its JSON is what <c>--json</c> writes.</summary>
public sealed record ExtractionReport
{
    private ExtractionReport(IReadOnlyList<NoteRow> notes) => Notes = notes;

    /// <summary>No output token differs between the runs.</summary>
    [JsonPropertyName("outputs_equal")]
    public bool OutputsEqual => Notes.All(n => n.OutputsEqual);

    /// <summary>How the reused KV came from the node to the workers; several where it changed, none where nothing was reused.</summary>
    [JsonPropertyName("plane")]
    public string Plane =>
        string.Join(", ", Notes.Select(n => n.Plane).Where(plane => plane.Length > 0).Distinct().DefaultIfEmpty("none"));

    /// <summary>Tokens loaded, as a share of all prompt tokens; 0 to 1.</summary>
    [JsonPropertyName("hit_rate_tokens")]
    public double HitRateTokens =>
        Notes.Count == 0 ? 0 : (double)Notes.Sum(n => (long)n.ReusedTokens) / Notes.Sum(n => (long)n.PromptTokens);

    /// <summary>
    /// Time to first token without the cache less that with it, summed over all notes; negative when the cache cost more than it saved.
    /// </summary>
    [JsonPropertyName("prefill_seconds_saved")]
    public double PrefillSecondsSaved => Notes.Sum(n => n.TtftMsWithout - n.TtftMsWith) / 1000;

    /// <summary>Median over all notes, in milliseconds.</summary>
    [JsonPropertyName("median_ttft_ms_without")]
    public double MedianTtftMsWithout => Median(Notes.Select(n => n.TtftMsWithout));

    /// <summary>Median over all notes, in milliseconds.</summary>
    [JsonPropertyName("median_ttft_ms_with")]
    public double MedianTtftMsWith => Median(Notes.Select(n => n.TtftMsWith));

    /// <summary>The notes in the order that they were worked on.</summary>
    [JsonPropertyName("notes")]
    public IReadOnlyList<NoteRow> Notes { get; }

    /// <summary>Compares the results of the same notes, in the same order.</summary>
    /// <exception cref="ArgumentException">The three lists differ in length.</exception>
    public static ExtractionReport Compare(
        IReadOnlyList<ClinicalNote> notes, IReadOnlyList<ExtractionResult> without, IReadOnlyList<ExtractionResult> with)
    {
        ArgumentNullException.ThrowIfNull(notes);
        ArgumentNullException.ThrowIfNull(without);
        ArgumentNullException.ThrowIfNull(with);
        if (without.Count != notes.Count || with.Count != notes.Count)
            throw new ArgumentException($"{notes.Count} notes have {without.Count} results without and {with.Count} with the cache.",
                nameof(with));
        return new ExtractionReport([.. notes.Select((note, i) => Row(note, without[i], with[i]))]);
    }

    private static NoteRow Row(ClinicalNote note, ExtractionResult without, ExtractionResult with) => new()
    {
        Name = note.Name,
        PromptTokens = with.PromptTokens,
        ReusedTokens = with.ReusedTokens,
        TtftMsWithout = Math.Round(without.TimeToFirstTokenMs, 3),
        TtftMsWith = Math.Round(with.TimeToFirstTokenMs, 3),
        Plane = with.Plane,
        OutputsEqual = without.PromptTokens == with.PromptTokens && without.OutputTokens.SequenceEqual(with.OutputTokens),
    };

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        if (sorted.Length == 0) return 0;
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
