using System.Text.Json.Serialization;
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

    /// <inheritdoc/>
    protected override IReadOnlyList<PromptRow> Rows => Notes;

    /// <summary>Compares the results of the same notes, in the same order.</summary>
    /// <exception cref="ArgumentException">The three lists differ in length.</exception>
    public static ExtractionReport Compare(
        IReadOnlyList<ClinicalNote> notes, IReadOnlyList<PromptResult> without, IReadOnlyList<PromptResult> with)
    {
        ArgumentNullException.ThrowIfNull(notes);
        ArgumentNullException.ThrowIfNull(without);
        ArgumentNullException.ThrowIfNull(with);
        if (without.Count != notes.Count || with.Count != notes.Count)
            throw new ArgumentException($"{notes.Count} notes have {without.Count} results without and {with.Count} with the cache.",
                nameof(with));
        return new ExtractionReport([.. notes.Select((note, i) => new NoteRow(note.Name, without[i], with[i]))]);
    }
}
