using System.Numerics.Tensors;
using PrefixCache.Samples.Llama.Cache;
using PrefixCache.Samples.Llama.Kernels;

namespace PrefixCache.Samples.Llama.Model;

/// <summary>Runs a model over one sequence whose keys and values lie in a <see cref="KvCache"/>.</summary>
/// <remarks>
/// Used by one thread at a time; computes on <c>threads</c>. The bits of a row do not depend on how many rows are computed with it,
/// on how a sequence is cut into calls, or on the number of threads. Owns its scratch memory; the model and the cache stay the caller's.
/// </remarks>
public sealed unsafe class LlamaRunner : IDisposable
{
    /// <summary>Rows computed in one pass over the weights; bounds the scratch memory.</summary>
    private const int MaxRows = 256;

    private readonly LlamaModel _model;
    private readonly Workers _workers;
    private readonly Rope _rope;
    private readonly Attention _attention;
    private readonly Activations _buffers;

    /// <summary>Prepares to run on <paramref name="threads"/> threads (all cores when 0).</summary>
    public LlamaRunner(LlamaModel model, KvCache cache, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(cache);
        LlamaConfig config = model.Config;
        if (cache.Layers != config.Layers || cache.KvHeads != config.KvHeads || cache.HeadDim != config.HeadDim)
            throw new ArgumentException("The cache was made for a model of another shape.", nameof(cache));
        _model = model;
        Cache = cache;
        _workers = new Workers(threads == 0 ? Environment.ProcessorCount : threads);
        _rope = new Rope(config);
        _attention = new Attention(cache, _workers);
        _buffers = new Activations(config, Math.Min(MaxRows, cache.Capacity));
    }

    /// <summary>Holds the sequence; tokens loaded into it count as computed.</summary>
    public KvCache Cache { get; }

    /// <summary>
    /// Computes the KV of <paramref name="tokens"/>, at the positions behind those cached, and the logits of the last one.
    /// </summary>
    /// <param name="logits">[vocab_size], overwritten.</param>
    public void Prefill(ReadOnlySpan<int> tokens, Span<float> logits)
    {
        Check(tokens, logits.Length, 1);
        for (int done = 0; done < tokens.Length;)
        {
            int rows = Math.Min(_buffers.Rows, tokens.Length - done);
            Forward(tokens.Slice(done, rows));
            done += rows;
            if (done == tokens.Length) Head(rows - 1, 1, logits);
        }
    }

    /// <summary>Like <see cref="Prefill"/>, with the logits of every token.</summary>
    /// <param name="logits">[tokens, vocab_size], overwritten.</param>
    public void PrefillAll(ReadOnlySpan<int> tokens, Span<float> logits)
    {
        Check(tokens, logits.Length, tokens.Length);
        int vocab = _model.Config.VocabSize;
        for (int done = 0; done < tokens.Length;)
        {
            int rows = Math.Min(_buffers.Rows, tokens.Length - done);
            Forward(tokens.Slice(done, rows));
            for (int r = 0; r < rows; r++) Head(r, 1, logits.Slice((done + r) * vocab, vocab));
            done += rows;
        }
    }

    /// <summary>The most likely token; of equals the lowest id.</summary>
    public static int Argmax(ReadOnlySpan<float> logits) => TensorPrimitives.IndexOfMax(logits);

    /// <inheritdoc/>
    public void Dispose()
    {
        _attention.Dispose();
        _buffers.Dispose();
    }

    private void Check(ReadOnlySpan<int> tokens, int logits, int wantedRows)
    {
        LlamaConfig config = _model.Config;
        if (tokens.IsEmpty) throw new LlamaException("No tokens to compute.");
        foreach (int token in tokens)
        {
            if ((uint)token >= (uint)config.VocabSize)
                throw new LlamaException($"Token {token} is outside the vocabulary (0 to {config.VocabSize - 1}).");
        }
        int end = Cache.Count + tokens.Length;
        if (end > config.MaxPositions) throw new LlamaException($"{end} tokens exceed the model's {config.MaxPositions} positions.");
        if (end > Cache.Capacity) throw new LlamaException($"{end} tokens exceed the KV cache's capacity of {Cache.Capacity}.");
        if (logits != (long)wantedRows * config.VocabSize)
            throw new ArgumentException($"Expected room for {wantedRows} x {config.VocabSize} logits, got {logits}.", nameof(logits));
    }

    private void Forward(ReadOnlySpan<int> tokens)
    {
        int rows = tokens.Length;
        _rope.Extend(Cache.Count + rows);
        for (int r = 0; r < rows; r++)
            _model.Embedding.CopyRow(tokens[r],
                new Span<float>(_buffers.Residual + (long)r * _buffers.HiddenStride, _model.Config.HiddenSize));
        for (int layer = 0; layer < _model.Layers.Length; layer++)
        {
            AttentionBlock(_model.Layers[layer], layer, rows);
            MlpBlock(_model.Layers[layer], rows);
        }
        Cache.Advance(rows);
    }

    private void AttentionBlock(LayerWeights layer, int index, int rows)
    {
        LlamaConfig config = _model.Config;
        int first = Cache.Count, queries = config.Heads * config.HeadDim, stride = _buffers.WideStride;
        RmsNorm.Apply(_buffers.Residual, _buffers.Normed, _buffers.HiddenStride, rows, layer.AttentionNorm, config.RmsNormEpsilon);
        Linear.Apply(layer.Qkv, layer.QkvBias, _buffers.Normed, _buffers.HiddenStride, _buffers.Wide, stride, rows, _workers);
        _rope.Apply(_buffers.Wide, stride, rows, first, config.Heads + config.KvHeads);
        for (int plane = 0; plane < 2; plane++)
        {
            Span<byte> held = Cache.Slice(2 * index + plane, first, rows).Span;
            for (int r = 0; r < rows; r++)
            {
                Span<float> row = new(_buffers.Wide + (long)r * stride + queries + plane * config.KvWidth, config.KvWidth);
                KvElements.Round(row, held.Slice(r * Cache.BytesPerToken, Cache.BytesPerToken), Cache.Dtype);
            }
        }
        _attention.Apply(index, _buffers.Wide, stride, _buffers.Attended, _buffers.AttendedStride, rows, first, config.Heads);
        Linear.Apply(layer.Output, layer.OutputBias, _buffers.Attended, _buffers.AttendedStride, _buffers.Normed, _buffers.HiddenStride,
            rows, _workers);
        AddToResidual(rows);
    }

    private void MlpBlock(LayerWeights layer, int rows)
    {
        LlamaConfig config = _model.Config;
        RmsNorm.Apply(_buffers.Residual, _buffers.Normed, _buffers.HiddenStride, rows, layer.MlpNorm, config.RmsNormEpsilon);
        Linear.Apply(layer.GateUp, layer.GateUpBias, _buffers.Normed, _buffers.HiddenStride, _buffers.Wide, _buffers.WideStride, rows,
            _workers);
        SwiGlu.Apply(_buffers.Wide, _buffers.WideStride, config.IntermediateSize, rows, _workers);
        Linear.Apply(layer.Down, layer.DownBias, _buffers.Wide, _buffers.WideStride, _buffers.Normed, _buffers.HiddenStride, rows,
            _workers);
        AddToResidual(rows);
    }

    private void AddToResidual(int rows)
    {
        for (int r = 0; r < rows; r++)
        {
            long offset = (long)r * _buffers.HiddenStride;
            Span<float> residual = new(_buffers.Residual + offset, _model.Config.HiddenSize);
            TensorPrimitives.Add(residual, new ReadOnlySpan<float>(_buffers.Normed + offset, _model.Config.HiddenSize), residual);
        }
    }

    private void Head(int firstRow, int rows, Span<float> logits)
    {
        LlamaConfig config = _model.Config;
        float* residual = _buffers.Residual + (long)firstRow * _buffers.HiddenStride;
        RmsNorm.Apply(residual, _buffers.Normed, _buffers.HiddenStride, rows, _model.FinalNorm, config.RmsNormEpsilon);
        Linear.Apply(_model.Head, null, _buffers.Normed, _buffers.HiddenStride, _buffers.Logits, 0, rows, _workers);
        new ReadOnlySpan<float>(_buffers.Logits, config.VocabSize).CopyTo(logits);
    }
}
