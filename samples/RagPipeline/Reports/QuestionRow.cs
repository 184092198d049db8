using System.Text.Json.Serialization;
using PrefixCache.Samples.Serving.Prompts;
using PrefixCache.Samples.Serving.Reports;

namespace PrefixCache.Samples.RagPipeline.Reports;

/// <summary>One question in both runs, in one document order.</summary>
public sealed record QuestionRow : PromptRow
{
    /// <summary>Compares two results of one question.</summary>
    public QuestionRow(string question, IReadOnlyList<string> documents, PromptResult without, PromptResult with) : base(without, with)
    {
        Question = question;
        Documents = documents;
    }

    /// <summary>As asked.</summary>
    [JsonPropertyName("question")]
    public string Question { get; }

    /// <summary>Ids, in the order of the prompt.</summary>
    [JsonPropertyName("documents")]
    public IReadOnlyList<string> Documents { get; }
}
