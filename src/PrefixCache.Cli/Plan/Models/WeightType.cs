namespace PrefixCache.Cli.Plan.Models;

/// <summary>How weights or KV are kept.</summary>
/// <param name="Name">As options name it.</param>
/// <param name="Bits">Of an element.</param>
internal sealed record WeightType(string Name, int Bits)
{
    /// <summary>Weights that share a scale where 4 bits hold one: AWQ's and GPTQ's usual group.</summary>
    private const int GroupWeights = 128;

    /// <summary>A 16-bit scale and a 4-bit zero point.</summary>
    private const int GroupBits = 20;

    public static readonly WeightType Float32 = new("f32", 32);
    public static readonly WeightType BFloat16 = new("bf16", 16);
    public static readonly WeightType Float16 = new("f16", 16);
    public static readonly WeightType Float8 = new("fp8", 8);
    public static readonly WeightType Int8 = new("int8", 8);
    public static readonly WeightType Int4 = new("int4", 4);

    public static IReadOnlyList<WeightType> All { get; } = [Float32, BFloat16, Float16, Float8, Int8, Int4];

    /// <summary>KV in 4 bits is not a thing that engines agree on.</summary>
    public static IReadOnlyList<WeightType> ForKv { get; } = [Float32, BFloat16, Float16, Float8, Int8];

    /// <summary>Only matrices within layers are kept in fewer than 16 bits; the rest stays at 16.</summary>
    public bool IsQuantized => Bits < 16;

    /// <summary>What an engine keeps KV and activations in unless it is told otherwise.</summary>
    public WeightType Compute => IsQuantized ? BFloat16 : this;

    /// <summary>Bytes of an element; for 4 bits ask <see cref="MatrixBytes"/>.</summary>
    public int ElementBytes => Math.Max(1, Bits / 8);

    /// <summary>Bytes of so many weights of a layer's matrices, with their scales where 4 bits hold one; rounded up.</summary>
    public long MatrixBytes(long weights) => Bits == 4
        ? (long)Math.Ceiling(weights * (decimal)((Bits * GroupWeights) + GroupBits) / (8 * GroupWeights))
        : weights * ElementBytes;

    /// <summary>Bytes of so many embeddings, norms and biases.</summary>
    public long OtherBytes(long weights) => weights * Compute.ElementBytes;

    public static WeightType? Find(string name) => name.ToLowerInvariant() switch
    {
        "f32" or "fp32" or "float32" => Float32,
        "bf16" or "bfloat16" => BFloat16,
        "f16" or "fp16" or "float16" or "half" => Float16,
        "fp8" or "f8" or "float8" => Float8,
        "int8" => Int8,
        "int4" => Int4,
        _ => null,
    };
}
