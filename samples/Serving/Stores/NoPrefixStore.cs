using PrefixCache.Samples.Llama.Cache;
using PrefixCache.Samples.Serving.Prompts;

namespace PrefixCache.Samples.Serving.Stores;

/// <summary>Knows nothing and keeps nothing: the run without the cache.</summary>
public sealed class NoPrefixStore : IPrefixStore
{
    /// <inheritdoc/>
    public string Plane => "";

    /// <inheritdoc/>
    public ValueTask<int> LoadAsync(PromptRequest request, KvCache cache, int limit, CancellationToken cancellation = default) =>
        ValueTask.FromResult(0);

    /// <inheritdoc/>
    public ValueTask StoreAsync(PromptRequest request, ReadOnlyMemory<int> decoded, KvCache cache, TimeSpan prefill,
        CancellationToken cancellation = default) => ValueTask.CompletedTask;
}
