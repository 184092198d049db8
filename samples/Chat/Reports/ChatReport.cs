using System.Text.Json.Serialization;
using PrefixCache.Samples.Serving.Reports;

namespace PrefixCache.Samples.Chat.Reports;

/// <summary>The two runs compared; its JSON is what <c>--json</c> writes.</summary>
/// <param name="turns">In the order that they were worked on.</param>
public sealed class ChatReport(IReadOnlyList<TurnRow> turns) : ComparisonReport
{
    /// <summary>Tokens that the model had written in one turn and that the next turn reused.</summary>
    [JsonPropertyName("reused_answer_tokens")]
    public int ReusedAnswerTokens => Turns.Sum(turn => turn.ReusedAnswerTokens);

    /// <summary>The turns of all conversations, in the order that they were worked on.</summary>
    [JsonPropertyName("turns")]
    [JsonPropertyOrder(1)]
    public IReadOnlyList<TurnRow> Turns { get; } = turns;

    /// <inheritdoc/>
    protected override IReadOnlyList<PromptRow> Rows => Turns;
}
