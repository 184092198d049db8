using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using PrefixCache.Samples.Llama.Cache;

namespace PrefixCache.Samples.Llama.Kernels;

/// <summary>Causal grouped-query attention of new rows over everything the cache holds up to each row's own position.</summary>
/// <remarks>
/// A row's scores, maximum, sum and weighted values depend on its position alone: rows of a tile share the keys that all of them may see,
/// and each continues alone over the few that remain, so no masked key enters an accumulation even as zero.
/// </remarks>
internal sealed unsafe class Attention : IDisposable
{
    /// <summary>Rows claimed together by one thread.</summary>
    private const int RowBlock = 32;

    private readonly KvCache _cache;
    private readonly Workers _workers;
    private readonly NativeFloats _scratch;
    private readonly int _scoreStride;
    private readonly int _outputStride;
    private readonly float _scale;

    public Attention(KvCache cache, Workers workers)
    {
        _cache = cache;
        _workers = workers;
        _scoreStride = Tile.Padded(cache.Capacity);
        _outputStride = Tile.Padded(cache.HeadDim);
        _scale = (float)(1 / Math.Sqrt(cache.HeadDim));
        _scratch = new NativeFloats((long)workers.Threads * ScratchPerWorker);
    }

    private int ScratchPerWorker => Tile.Rows * (_scoreStride + _outputStride);

    /// <summary>Attends with rows at positions <paramref name="first"/>, first + 1, …</summary>
    /// <param name="queries">[rows, heads * head_dim], after rotary embedding.</param>
    /// <param name="output">[rows, heads * head_dim].</param>
    public void Apply(int layer, float* queries, int queryStride, float* output, int outputStride, int rows, int first, int heads)
    {
        _cache.Panels.Extend(layer, first + rows, _workers);
        int group = heads / _cache.KvHeads, dim = _cache.HeadDim;
        int blocks = (rows + RowBlock - 1) / RowBlock;
        _workers.Run(blocks * heads, (worker, item) =>
        {
            // Late blocks see the most keys; taken first, they do not leave one thread working alone at the end.
            int head = item % heads, block = blocks - 1 - item / heads;
            float* keys = _cache.Panels.Keys(layer, head / group), values = _cache.Panels.Values(layer, head / group);
            float* scores = _scratch.Pointer + (long)worker * ScratchPerWorker;
            for (int row = block * RowBlock; row < Math.Min(rows, (block + 1) * RowBlock); row += Tile.Rows)
            {
                int count = Math.Min(Tile.Rows, Math.Min(rows, (block + 1) * RowBlock) - row);
                float* q = queries + (long)row * queryStride + head * dim;
                Rows(q, queryStride, keys, values, scores, output + (long)row * outputStride + head * dim, outputStride, count,
                    first + row);
            }
        });
    }

    public void Dispose() => _scratch.Dispose();

    private void Rows(float* q, int queryStride, float* keys, float* values, float* scores, float* output, int outputStride, int rows,
        int first)
    {
        int dim = _cache.HeadDim;
        int panels = Tile.Padded(first + rows) / Tile.Columns;
        if (rows == 1)
        {
            Tile.MultiplyRow(q, keys, dim, scores, panels, false);
        }
        else
        {
            for (int p = 0; p < panels; p++)
                Tile.Multiply(q, queryStride, keys + (long)p * dim * Tile.Columns, dim, scores + p * Tile.Columns, _scoreStride, rows,
                    false);
        }
        float* sums = stackalloc float[Tile.Rows];
        for (int r = 0; r < rows; r++) sums[r] = Exponentials(scores + (long)r * _scoreStride, first + r + 1);

        float* sum = scores + (long)Tile.Rows * _scoreStride;
        int shared = first + 1;
        for (int d = 0; d < dim; d += Tile.Columns)
        {
            float* panel = values + (long)(d / Tile.Columns) * _cache.Capacity * Tile.Columns;
            Tile.Multiply(scores, _scoreStride, panel, shared, sum + d, _outputStride, rows, false);
            for (int r = 1; r < rows; r++)
            {
                Tile.Multiply(scores + (long)r * _scoreStride + shared, 0, panel + (long)shared * Tile.Columns, r,
                    sum + (long)r * _outputStride + d, 0, 1, true);
            }
        }
        for (int r = 0; r < rows; r++)
        {
            float* source = sum + (long)r * _outputStride, target = output + (long)r * outputStride;
            for (int d = 0; d < dim; d++) target[d] = source[d] / sums[r];
        }
    }

    /// <summary>Replaces the first <paramref name="count"/> scores by <c>exp(scale * (score - max))</c> and returns their sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private float Exponentials(float* scores, int count)
    {
        int padded = (count + Lanes.Count - 1) & ~(Lanes.Count - 1);
        for (int i = count; i < padded; i++) scores[i] = float.NegativeInfinity;
        Vector512<float> highest = Vector512.Create(float.NegativeInfinity);
        for (int i = 0; i < padded; i += Lanes.Count) highest = Vector512.Max(highest, Vector512.Load(scores + i));
        float max = float.NegativeInfinity;
        for (int lane = 0; lane < Lanes.Count; lane++) max = MathF.Max(max, highest[lane]);

        Vector512<float> scale = Vector512.Create(_scale), offset = Vector512.Create(max), sum = default;
        for (int i = 0; i < padded; i += Lanes.Count)
        {
            Vector512<float> e = Vector512.Exp((Vector512.Load(scores + i) - offset) * scale);
            e.Store(scores + i);
            sum += e;
        }
        return Lanes.Sum(sum);
    }
}
