using PrefixCache.Samples.Llama.Cache;
using PrefixCache.Samples.Serving.Prompts;

namespace PrefixCache.Samples.Serving.Stores;

/// <summary>Where a worker looks for KV that was computed before, and leaves what it computed.</summary>
/// <remarks>Used for one prompt at a time: a load, then the store of the same prompt. Neither fails because the cache does.</remarks>
public interface IPrefixStore
{
    /// <summary>How the last load's bytes came; empty when it was a miss.</summary>
    string Plane { get; }

    /// <summary>What was known and advised at the last load; null where nobody advises.</summary>
    LoadAccount? Account => null;

    /// <summary>Tells whoever advises how long this worker computes, before the first prompt.</summary>
    /// <param name="firstToken">Tokens [firstToken, firstToken + tokens) were computed.</param>
    /// <param name="time">What that took.</param>
    ValueTask MeasuredAsync(int firstToken, int tokens, TimeSpan time, CancellationToken cancellation = default) => ValueTask.CompletedTask;

    /// <summary>
    /// Copies the KV of the longest known prefix into the memory of an empty cache, from token 0 on, without advancing it.
    /// </summary>
    /// <param name="request">The prompt.</param>
    /// <param name="cache">Empty; has room for the whole prompt.</param>
    /// <param name="limit">Copy no more tokens than this: the worker needs at least the last token's logits, so it computes that
    /// one.</param>
    /// <returns>Tokens copied, any number; 0 is a miss.</returns>
    ValueTask<int> LoadAsync(PromptRequest request, KvCache cache, int limit, CancellationToken cancellation = default);

    /// <summary>Offers the KV of the whole prompt, and of what was decoded behind it.</summary>
    /// <param name="request">The prompt that was loaded last.</param>
    /// <param name="decoded">Tokens behind the prompt whose KV the cache holds; none when the prompt alone is kept.</param>
    /// <param name="cache">Holds the KV of the prompt and of <paramref name="decoded"/>.</param>
    /// <param name="prefill">What computing the rest of the prompt took.</param>
    ValueTask StoreAsync(PromptRequest request, ReadOnlyMemory<int> decoded, KvCache cache, TimeSpan prefill,
        CancellationToken cancellation = default);
}
