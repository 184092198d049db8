namespace PrefixCache.Cli.Plan.Models;

/// <summary>Tensors of a model that are kept, cut and used alike.</summary>
/// <param name="Name">What they are.</param>
/// <param name="Parameters">Of all layers together.</param>
/// <param name="Cut">How ranks divide them.</param>
internal sealed record TensorGroup(string Name, long Parameters, TensorCut Cut)
{
    /// <summary>Matrices within layers: every token of a prompt is multiplied with them, and quantization applies to them.</summary>
    public bool IsMatrix { get; init; } = true;

    /// <summary>How many of them compute one token; fewer than all where experts are chosen.</summary>
    public long Active { get; init; } = Parameters;

    public long Bytes(WeightType type) => Bytes(type, Parameters);

    /// <summary>Bytes on the rank that has most.</summary>
    public long RankBytes(WeightType type, int ranks, int kvHeads) => Bytes(type, Cut switch
    {
        TensorCut.Replicated => Parameters,
        TensorCut.KvHeads => Parameters / kvHeads * Rounding.Divide(kvHeads, ranks),
        _ => Rounding.Divide(Parameters, ranks),
    });

    private long Bytes(WeightType type, long parameters) => IsMatrix ? type.MatrixBytes(parameters) : type.OtherBytes(parameters);
}
