namespace PrefixCache.Core.Replay.Traces;

/// <summary>One request of a trace.</summary>
/// <param name="TimestampMs">Milliseconds since a moment of the trace's own; 0 where the trace does not say.</param>
/// <param name="PromptTokens">Tokens of the prompt.</param>
/// <param name="OutputTokens">Tokens generated; 0 where the trace does not say.</param>
/// <param name="Namespace">Number of its namespace.</param>
/// <param name="BlockTokens">Tokens of a whole unit: 1 where units are tokens. The last unit may have fewer.</param>
public readonly record struct TraceRequest(long TimestampMs, int PromptTokens, int OutputTokens, int Namespace, int BlockTokens)
{
    internal int Start { get; init; }

    internal int PromptUnits { get; init; }

    /// <summary>With generated tokens, where units are tokens and the trace has them.</summary>
    internal int Units { get; init; }
}
