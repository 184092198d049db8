using PrefixCache.Samples.Llama.Cache;
using PrefixCache.Samples.Serving.Prompts;
using PrefixCache.Samples.Serving.Stores;

namespace PrefixCache.SampleTests.Serving;

/// <summary>Keeps the last prompt's KV in memory: a prefix cache without a node.</summary>
/// <remarks>Used by one thread.</remarks>
internal sealed class LocalPrefixStore : IPrefixStore
{
    private int[] _tokens = [];
    private byte[][] _segments = [];

    /// <inheritdoc/>
    public string Plane => "process";

    /// <inheritdoc/>
    public ValueTask<int> LoadAsync(PromptRequest request, KvCache cache, int limit, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(cache);
        int count = Math.Min(limit, _tokens.AsSpan().CommonPrefixLength(request.Tokens));
        for (int segment = 0; count > 0 && segment < cache.Segments; segment++)
            _segments[segment].AsSpan(0, count * cache.BytesPerToken).CopyTo(cache.Slice(segment, 0, count).Span);
        return ValueTask.FromResult(count);
    }

    /// <inheritdoc/>
    public ValueTask StoreAsync(PromptRequest request, ReadOnlyMemory<int> decoded, KvCache cache, TimeSpan prefill,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(cache);
        _tokens = [.. request.Tokens, .. decoded.Span];
        _segments = [.. Enumerable.Range(0, cache.Segments).Select(segment => cache.Slice(segment, 0, _tokens.Length).ToArray())];
        return ValueTask.CompletedTask;
    }
}
