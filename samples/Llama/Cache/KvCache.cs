using System.Runtime.InteropServices;
using PrefixCache.Samples.Llama.Model;

namespace PrefixCache.Samples.Llama.Cache;

/// <summary>
/// Keys (after rotary embedding) and values of one sequence: memory <c>[segment = layer * 2 + plane][capacity][kv_heads * head_dim]</c>,
/// plane 0 the keys, plane 1 the values.
/// </summary>
/// <remarks>
/// Owns its native memory until disposed; slices must not be used afterwards. Used by one thread at a time. Attention reads nothing but
/// what is held here, in the held dtype, for rows just computed too: a token's KV that was loaded from elsewhere gives the same bits as
/// one computed in place. To load KV: write the slices behind <see cref="Count"/>, then <see cref="Advance"/>.
/// </remarks>
public sealed unsafe class KvCache : IDisposable
{
    private readonly NativeMemoryManager[] _segments;
    private void* _memory;

    /// <summary>Reserves memory for <paramref name="capacity"/> tokens.</summary>
    /// <param name="config">Gives layers, KV heads and head width.</param>
    /// <param name="capacity">Tokens that fit.</param>
    /// <param name="dtype">Element type that values are rounded to.</param>
    public KvCache(LlamaConfig config, int capacity, KvDtype dtype = KvDtype.Bf16)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        (Layers, KvHeads, HeadDim, Capacity, Dtype) = (config.Layers, config.KvHeads, config.HeadDim, capacity, dtype);
        BytesPerToken = KvHeads * HeadDim * KvElements.Size(dtype);
        int segmentBytes = checked(capacity * BytesPerToken);
        nuint bytes = checked((nuint)segmentBytes * (nuint)Segments);
        _memory = NativeMemory.AlignedAlloc(bytes, 64);
        NativeMemory.Clear(_memory, bytes);
        _segments = new NativeMemoryManager[Segments];
        for (int s = 0; s < Segments; s++) _segments[s] = new NativeMemoryManager((byte*)_memory + (long)s * segmentBytes, segmentBytes);
        Panels = new KvPanels(this);
    }

    /// <summary>Frees what a forgotten cache held.</summary>
    ~KvCache() => Free();

    /// <summary>Number of decoder layers.</summary>
    public int Layers { get; }

    /// <summary>Number of key/value heads.</summary>
    public int KvHeads { get; }

    /// <summary>Width of one head.</summary>
    public int HeadDim { get; }

    /// <summary>Tokens that fit.</summary>
    public int Capacity { get; }

    /// <summary>Element type.</summary>
    public KvDtype Dtype { get; }

    /// <summary>Bytes of one token in one segment.</summary>
    public int BytesPerToken { get; }

    /// <summary>Two a layer: keys, values.</summary>
    public int Segments => 2 * Layers;

    /// <summary>Tokens held; the next token computed gets this position.</summary>
    public int Count { get; private set; }

    internal KvPanels Panels { get; }

    /// <summary>Memory of <paramref name="tokens"/> tokens from <paramref name="firstToken"/> on, within the capacity.</summary>
    public Memory<byte> Slice(int segment, int firstToken, int tokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(segment);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(segment, Segments);
        ArgumentOutOfRangeException.ThrowIfNegative(firstToken);
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tokens, Capacity - firstToken);
        ObjectDisposedException.ThrowIf(_memory == null, this);
        return _segments[segment].Memory.Slice(firstToken * BytesPerToken, tokens * BytesPerToken);
    }

    /// <summary>Declares the <paramref name="tokens"/> tokens behind <see cref="Count"/> written, in every segment.</summary>
    public void Advance(int tokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tokens, Capacity - Count);
        Count += tokens;
    }

    /// <summary>Drops the tokens from <paramref name="count"/> on; 0 empties the cache for another sequence.</summary>
    public void Truncate(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Count);
        Count = count;
        Panels.Truncate(count);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        Panels.Dispose();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        void* memory = _memory;
        _memory = null;
        if (memory != null) NativeMemory.AlignedFree(memory);
    }
}
