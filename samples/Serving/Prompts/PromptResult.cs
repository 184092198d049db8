namespace PrefixCache.Samples.Serving.Prompts;

/// <summary>What one prompt cost and gave.</summary>
/// <param name="PromptTokens">Length of the prompt.</param>
/// <param name="ReusedTokens">Tokens whose KV was loaded instead of computed.</param>
/// <param name="TimeToFirstTokenMs">From the prompt's arrival, loading included, to its first output token.</param>
/// <param name="OutputTokens">Ids decoded greedily.</param>
/// <param name="Plane">How the reused KV came: stream, shared memory; empty when nothing was reused.</param>
public sealed record PromptResult(
    int PromptTokens, int ReusedTokens, double TimeToFirstTokenMs, IReadOnlyList<int> OutputTokens, string Plane = "")
{
    /// <summary>What the node advised and what it took; null without a node.</summary>
    public LoadAccount? Account { get; init; }
}
