using PrefixCache.Samples.Llama.Kernels;

namespace PrefixCache.Samples.Llama.Cache;

/// <summary>
/// The cache's values widened to f32 in the order that <see cref="Tile"/> reads, so that a decode step converts only its new token.
/// </summary>
/// <remarks>
/// Derived from the cache, never from what was computed: widening is exact, so the bits are the cache's. Keys are
/// <c>[layer][head][capacity / 32][head_dim][32 tokens]</c>, values <c>[layer][head][head_dim / 32][capacity][32]</c>.
/// </remarks>
internal sealed unsafe class KvPanels : IDisposable
{
    private readonly KvCache _cache;
    private readonly NativeFloats[] _keys;
    private readonly NativeFloats[] _values;
    private readonly int[] _packed;

    public KvPanels(KvCache cache)
    {
        _cache = cache;
        _packed = new int[cache.Layers];
        _keys = new NativeFloats[cache.Layers];
        _values = new NativeFloats[cache.Layers];
        for (int layer = 0; layer < cache.Layers; layer++)
        {
            _keys[layer] = new NativeFloats(KeysPerHead * cache.KvHeads);
            _values[layer] = new NativeFloats(ValuesPerHead * cache.KvHeads);
        }
    }

    private long KeysPerHead => (long)Tile.Padded(_cache.Capacity) * _cache.HeadDim;

    private long ValuesPerHead => (long)Tile.Padded(_cache.HeadDim) * _cache.Capacity;

    /// <summary>[capacity / 32][head_dim][32] of one KV head.</summary>
    public float* Keys(int layer, int head) => _keys[layer].Pointer + head * KeysPerHead;

    /// <summary>[head_dim / 32][capacity][32] of one KV head.</summary>
    public float* Values(int layer, int head) => _values[layer].Pointer + head * ValuesPerHead;

    public void Truncate(int count)
    {
        for (int layer = 0; layer < _packed.Length; layer++) _packed[layer] = Math.Min(_packed[layer], count);
    }

    /// <summary>
    /// Converts what the cache holds of <paramref name="layer"/> up to token <paramref name="end"/> and is not yet converted.
    /// </summary>
    public void Extend(int layer, int end, Workers workers)
    {
        int first = _packed[layer];
        if (first >= end) return;
        // One token is not worth handing to another thread.
        Workers used = end - first > 8 ? workers : Inline;
        used.Run(_cache.KvHeads, (_, head) => ExtendHead(layer, head, first, end));
        _packed[layer] = end;
    }

    public void Dispose()
    {
        foreach (NativeFloats floats in _keys) floats.Dispose();
        foreach (NativeFloats floats in _values) floats.Dispose();
    }

    private static readonly Workers Inline = new(1);

    private void ExtendHead(int layer, int head, int first, int end)
    {
        int dim = _cache.HeadDim, element = KvElements.Size(_cache.Dtype);
        ReadOnlySpan<byte> keys = _cache.Slice(2 * layer, first, end - first).Span;
        ReadOnlySpan<byte> values = _cache.Slice(2 * layer + 1, first, end - first).Span;
        Span<float> row = stackalloc float[dim];
        for (int token = first; token < end; token++)
        {
            int offset = (token - first) * _cache.BytesPerToken + head * dim * element;
            KvElements.Widen(keys.Slice(offset, dim * element), row, _cache.Dtype);
            float* column = Keys(layer, head) + (long)(token / Tile.Columns) * dim * Tile.Columns + token % Tile.Columns;
            for (int d = 0; d < dim; d++) column[d * Tile.Columns] = row[d];

            KvElements.Widen(values.Slice(offset, dim * element), row, _cache.Dtype);
            for (int d = 0; d < dim; d += Tile.Columns)
            {
                float* panel = Values(layer, head) + ((long)(d / Tile.Columns) * _cache.Capacity + token) * Tile.Columns;
                row[d..Math.Min(d + Tile.Columns, dim)].CopyTo(new Span<float>(panel, Tile.Columns));
            }
        }
    }
}
