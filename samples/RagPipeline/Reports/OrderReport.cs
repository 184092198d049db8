using System.Text.Json.Serialization;
using PrefixCache.Samples.RagPipeline.Retrieval;
using PrefixCache.Samples.Serving.Reports;

namespace PrefixCache.Samples.RagPipeline.Reports;

/// <summary>All questions with their documents in one order, without and with the cache.</summary>
/// <param name="order">The order.</param>
/// <param name="questions">As they were asked.</param>
public sealed class OrderReport(DocumentOrder order, IReadOnlyList<QuestionRow> questions) : ComparisonReport
{
    /// <summary>The order of the documents in each prompt.</summary>
    [JsonPropertyName("order")]
    [JsonPropertyOrder(-1)]
    public DocumentOrder Order { get; } = order;

    /// <summary>Prompt tokens that had to be computed although there was a cache.</summary>
    [JsonPropertyName("tokens_prefilled")]
    public int TokensPrefilled => Questions.Sum(question => question.PromptTokens - question.ReusedTokens);

    /// <summary>The questions, as they were asked.</summary>
    [JsonPropertyName("questions")]
    [JsonPropertyOrder(1)]
    public IReadOnlyList<QuestionRow> Questions { get; } = questions;

    /// <inheritdoc/>
    protected override IReadOnlyList<PromptRow> Rows => Questions;
}
