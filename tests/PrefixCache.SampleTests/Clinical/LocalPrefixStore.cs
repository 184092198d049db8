using PrefixCache.Samples.ClinicalExtraction.Extraction;
using PrefixCache.Samples.Llama.Cache;

namespace PrefixCache.SampleTests.Clinical;

/// <summary>Keeps the last prompt's KV in memory: a prefix cache without a node.</summary>
/// <remarks>Used by one thread.</remarks>
internal sealed class LocalPrefixStore : IPrefixStore
{
    private int[] _tokens = [];
    private byte[][] _segments = [];

    /// <inheritdoc/>
    public string Plane => "process";

    /// <inheritdoc/>
    public ValueTask<int> LoadAsync(ReadOnlyMemory<int> tokens, KvCache cache, int limit, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(cache);
        int count = Math.Min(limit, _tokens.AsSpan().CommonPrefixLength(tokens.Span));
        for (int segment = 0; count > 0 && segment < cache.Segments; segment++)
            _segments[segment].AsSpan(0, count * cache.BytesPerToken).CopyTo(cache.Slice(segment, 0, count).Span);
        return ValueTask.FromResult(count);
    }

    /// <inheritdoc/>
    public ValueTask StoreAsync(ReadOnlyMemory<int> tokens, KvCache cache, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(cache);
        _segments = [.. Enumerable.Range(0, cache.Segments).Select(segment => cache.Slice(segment, 0, tokens.Length).ToArray())];
        _tokens = tokens.ToArray();
        return ValueTask.CompletedTask;
    }
}
