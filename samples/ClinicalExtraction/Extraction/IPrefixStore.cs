using PrefixCache.Samples.Llama.Cache;

namespace PrefixCache.Samples.ClinicalExtraction.Extraction;

/// <summary>Where a worker looks for KV that was computed before, and leaves what it computed.</summary>
/// <remarks>Used for one prompt at a time: a load, then the store of the same prompt. Neither fails because the cache does.</remarks>
public interface IPrefixStore
{
    /// <summary>How the last load's bytes came; empty when it was a miss.</summary>
    string Plane { get; }

    /// <summary>
    /// Copies the KV of the longest known prefix into the memory of an empty cache, from token 0 on, without advancing it.
    /// </summary>
    /// <param name="tokens">The prompt.</param>
    /// <param name="cache">Empty; has room for the whole prompt.</param>
    /// <param name="limit">Copy no more tokens than this: the worker needs at least the last token's logits, so it computes that
    /// one.</param>
    /// <returns>Tokens copied; 0 is a miss.</returns>
    ValueTask<int> LoadAsync(ReadOnlyMemory<int> tokens, KvCache cache, int limit, CancellationToken cancellation = default);

    /// <summary>Offers the KV of the whole prompt, which the cache now holds.</summary>
    ValueTask StoreAsync(ReadOnlyMemory<int> tokens, KvCache cache, CancellationToken cancellation = default);
}
