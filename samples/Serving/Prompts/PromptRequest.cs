namespace PrefixCache.Samples.Serving.Prompts;

/// <summary>One prompt to work on; as a JSON line, what a worker process reads.</summary>
/// <param name="Tokens">The prompt's ids; at least one.</param>
/// <param name="OutputTokens">Tokens to decode; fewer when the model ends its answer.</param>
public sealed record PromptRequest(int[] Tokens, int OutputTokens)
{
    /// <summary>The answer's KV is offered to the cache too, for a prompt that goes on behind it.</summary>
    public bool KeepAnswer { get; init; }

    /// <summary>Prompts of different salts share nothing.</summary>
    public string? Salt { get; init; }
}
