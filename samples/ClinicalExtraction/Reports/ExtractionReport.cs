using System.Text.Json.Serialization;
using PrefixCache.Format.Layouts;
using PrefixCache.Samples.ClinicalExtraction.Corpus;
using PrefixCache.Samples.Serving.Prompts;
using PrefixCache.Samples.Serving.Reports;

namespace PrefixCache.Samples.ClinicalExtraction.Reports;

/// <summary>The two runs compared; its JSON is what <c>--json</c> writes.</summary>
public sealed class ExtractionReport : ComparisonReport
{
    private ExtractionReport(IReadOnlyList<NoteRow> notes) => Notes = notes;

    /// <summary>The notes in the order that they were worked on.</summary>
    [JsonPropertyName("notes")]
    [JsonPropertyOrder(1)]
    public IReadOnlyList<NoteRow> Notes { get; }

    /// <summary>Tokens that every prompt begins with.</summary>
    [JsonPropertyName("shared_tokens")]
    [JsonPropertyOrder(1)]
    public int SharedTokens { get; init; }

    /// <summary>How many of them every note from the third on reused, whatever its length.</summary>
    [JsonPropertyName("shared_tokens_reused")]
    [JsonPropertyOrder(1)]
    public int SharedTokensReused => Notes.Skip(2).Select(note => Math.Min(note.ReusedTokens, SharedTokens)).DefaultIfEmpty(0).Min();

    /// <summary>How many of them lie in whole chunks: what a cache of whole chunks could reuse.</summary>
    [JsonPropertyName("shared_tokens_in_whole_chunks")]
    [JsonPropertyOrder(1)]
    public int SharedTokensInWholeChunks => SharedTokens / KvLayout.DefaultChunkTokens * KvLayout.DefaultChunkTokens;

    /// <summary>Chunks that the node had to evict meanwhile; null where the node is none of the run's.</summary>
    [JsonPropertyName("evicted_chunks")]
    [JsonPropertyOrder(1)]
    public long? EvictedChunks { get; init; }

    /// <inheritdoc/>
    protected override IReadOnlyList<PromptRow> Rows => Notes;

    /// <summary>Compares the results of the same notes, in the same order.</summary>
    /// <exception cref="ArgumentException">The three lists differ in length.</exception>
    /// <param name="sharedTokens">Tokens that every prompt begins with.</param>
    /// <param name="evicted">Chunks that the node had to evict meanwhile.</param>
    /// <param name="explain">Tell of each note what the node advised.</param>
    public static ExtractionReport Compare(IReadOnlyList<ClinicalNote> notes, IReadOnlyList<PromptResult> without,
        IReadOnlyList<PromptResult> with, int sharedTokens = 0, long? evicted = null, bool explain = false)
    {
        ArgumentNullException.ThrowIfNull(notes);
        ArgumentNullException.ThrowIfNull(without);
        ArgumentNullException.ThrowIfNull(with);
        if (without.Count != notes.Count || with.Count != notes.Count)
            throw new ArgumentException($"{notes.Count} notes have {without.Count} results without and {with.Count} with the cache.",
                nameof(with));
        return new ExtractionReport([.. notes.Select((note, i) => new NoteRow(note.Name, without[i], with[i])
            {
                Explain = explain ? with[i].Account : null,
            })])
        {
            SharedTokens = sharedTokens,
            EvictedChunks = evicted,
        };
    }
}
