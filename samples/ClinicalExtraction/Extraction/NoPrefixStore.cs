using PrefixCache.Samples.Llama.Cache;

namespace PrefixCache.Samples.ClinicalExtraction.Extraction;

/// <summary>Knows nothing and keeps nothing: the run without the cache.</summary>
public sealed class NoPrefixStore : IPrefixStore
{
    /// <inheritdoc/>
    public string Plane => "";

    /// <inheritdoc/>
    public ValueTask<int> LoadAsync(ReadOnlyMemory<int> tokens, KvCache cache, int limit, CancellationToken cancellation = default) =>
        ValueTask.FromResult(0);

    /// <inheritdoc/>
    public ValueTask StoreAsync(ReadOnlyMemory<int> tokens, KvCache cache, CancellationToken cancellation = default) =>
        ValueTask.CompletedTask;
}
