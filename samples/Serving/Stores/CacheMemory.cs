using PrefixCache.Client.Memory;
using PrefixCache.Samples.Llama.Cache;

namespace PrefixCache.Samples.Serving.Stores;

/// <summary>Shows the model's KV cache to the client, which copies straight into and out of it.</summary>
/// <remarks>Segments have the payload's order already: layer, then plane.</remarks>
internal sealed class CacheMemory(KvCache cache) : IKvMemory
{
    public KvTile GetTile(int segment, int firstToken, int tokens) =>
        KvTile.Contiguous(cache.Slice(segment, firstToken, tokens), cache.BytesPerToken);
}
