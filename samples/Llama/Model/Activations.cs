using PrefixCache.Samples.Llama.Kernels;

namespace PrefixCache.Samples.Llama.Model;

/// <summary>Scratch memory of one pass; every row is padded to whole panels, which the products write.</summary>
internal sealed unsafe class Activations : IDisposable
{
    private readonly NativeFloats _residual;
    private readonly NativeFloats _normed;
    private readonly NativeFloats _wide;
    private readonly NativeFloats _attended;
    private readonly NativeFloats _logits;

    public Activations(LlamaConfig config, int rows)
    {
        Rows = rows;
        HiddenStride = Tile.Padded(config.HiddenSize);
        AttendedStride = Tile.Padded(config.Heads * config.HeadDim);
        WideStride = Tile.Padded(Math.Max(2 * config.IntermediateSize, config.Heads * config.HeadDim + 2 * config.KvWidth));
        _residual = new NativeFloats((long)rows * HiddenStride);
        _normed = new NativeFloats((long)rows * HiddenStride);
        _wide = new NativeFloats((long)rows * WideStride);
        _attended = new NativeFloats((long)rows * AttendedStride);
        _logits = new NativeFloats(Tile.Padded(config.VocabSize));
    }

    /// <summary>Rows that fit.</summary>
    public int Rows { get; }

    public int HiddenStride { get; }

    public int AttendedStride { get; }

    public int WideStride { get; }

    /// <summary>The residual stream, [rows, hidden].</summary>
    public float* Residual => _residual.Pointer;

    /// <summary>Input of a projection, then its output, [rows, hidden].</summary>
    public float* Normed => _normed.Pointer;

    /// <summary>Queries, keys and values, or gate and up, of each row.</summary>
    public float* Wide => _wide.Pointer;

    /// <summary>[rows, heads * head_dim].</summary>
    public float* Attended => _attended.Pointer;

    /// <summary>One row of logits.</summary>
    public float* Logits => _logits.Pointer;

    public void Dispose()
    {
        _residual.Dispose();
        _normed.Dispose();
        _wide.Dispose();
        _attended.Dispose();
        _logits.Dispose();
    }
}
