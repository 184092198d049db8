namespace PrefixCache.Samples.Llama.Model;

/// <summary>Takes the most likely token again and again.</summary>
public static class GreedyDecoder
{
    /// <summary>Decodes up to <paramref name="count"/> tokens; an end token is included and is the last.</summary>
    /// <param name="runner">Has computed the prompt.</param>
    /// <param name="logits">[vocab_size] of the prompt's last token; overwritten.</param>
    /// <param name="endTokens">Ids that end the text.</param>
    public static List<int> Decode(LlamaRunner runner, Span<float> logits, int count, IReadOnlyCollection<int> endTokens)
    {
        ArgumentNullException.ThrowIfNull(runner);
        ArgumentNullException.ThrowIfNull(endTokens);
        List<int> tokens = new(count);
        while (tokens.Count < count)
        {
            int token = LlamaRunner.Argmax(logits);
            tokens.Add(token);
            // The last token's own KV would serve nobody.
            if (tokens.Count == count || endTokens.Contains(token)) break;
            runner.Prefill([token], logits);
        }
        return tokens;
    }
}
