using System.Text.Json.Serialization;
using PrefixCache.Samples.Serving.Prompts;
using PrefixCache.Samples.Serving.Reports;

namespace PrefixCache.Samples.ClinicalExtraction.Reports;

/// <summary>One note in both runs.</summary>
public sealed record NoteRow : PromptRow
{
    /// <summary>Compares two results of one note.</summary>
    public NoteRow(string name, PromptResult without, PromptResult with) : base(without, with) => Name = name;

    /// <summary>The note's name; shown in the table only.</summary>
    [JsonIgnore]
    public string Name { get; }

    /// <summary>What the node advised and what it took; null unless it was asked to explain.</summary>
    [JsonPropertyName("explain")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public LoadAccount? Explain { get; init; }
}
