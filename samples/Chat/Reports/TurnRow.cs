using System.Text.Json.Serialization;
using PrefixCache.Samples.Serving.Prompts;
using PrefixCache.Samples.Serving.Reports;

namespace PrefixCache.Samples.Chat.Reports;

/// <summary>One turn of a conversation in both runs.</summary>
public sealed record TurnRow : PromptRow
{
    /// <summary>Compares two results of one turn.</summary>
    public TurnRow(string conversation, int turn, int reusedAnswerTokens, PromptResult without, PromptResult with) : base(without, with)
    {
        Conversation = conversation;
        Turn = turn;
        ReusedAnswerTokens = reusedAnswerTokens;
    }

    /// <summary>The script's name.</summary>
    [JsonPropertyName("conversation")]
    public string Conversation { get; }

    /// <summary>From 1 on.</summary>
    [JsonPropertyName("turn")]
    public int Turn { get; }

    /// <summary>Those of the reused tokens that the model itself had written in the turn before.</summary>
    [JsonPropertyName("reused_answer_tokens")]
    public int ReusedAnswerTokens { get; }
}
