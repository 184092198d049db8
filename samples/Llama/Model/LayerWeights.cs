using PrefixCache.Samples.Llama.Kernels;
using PrefixCache.Samples.Llama.Weights;

namespace PrefixCache.Samples.Llama.Model;

/// <summary>One decoder layer's weights; projections that read the same input are one matrix.</summary>
internal sealed class LayerWeights : IDisposable
{
    public LayerWeights(LlamaConfig config, int layer, IWeightSource source)
    {
        string prefix = $"model.layers.{layer}.";
        int hidden = config.HiddenSize, inner = config.IntermediateSize, queries = config.Heads * config.HeadDim;
        AttentionNorm = source.ReadVector(prefix + "input_layernorm.weight", hidden);
        MlpNorm = source.ReadVector(prefix + "post_attention_layernorm.weight", hidden);
        (string Name, int Outputs)[] qkv =
        [
            (prefix + "self_attn.q_proj", queries), (prefix + "self_attn.k_proj", config.KvWidth),
            (prefix + "self_attn.v_proj", config.KvWidth),
        ];
        (string Name, int Outputs)[] gateUp = [(prefix + "mlp.gate_proj", inner), (prefix + "mlp.up_proj", inner)];
        (string Name, int Outputs)[] output = [(prefix + "self_attn.o_proj", hidden)];
        (string Name, int Outputs)[] down = [(prefix + "mlp.down_proj", hidden)];
        (Qkv, QkvBias) = Read(source, qkv, hidden, config.AttentionBias);
        (Output, OutputBias) = Read(source, output, queries, config.AttentionBias);
        (GateUp, GateUpBias) = Read(source, gateUp, hidden, config.MlpBias);
        (Down, DownBias) = Read(source, down, inner, config.MlpBias);
    }

    public float[] AttentionNorm { get; }

    public float[] MlpNorm { get; }

    public PackedMatrix Qkv { get; }

    public float[]? QkvBias { get; }

    public PackedMatrix Output { get; }

    public float[]? OutputBias { get; }

    public PackedMatrix GateUp { get; }

    public float[]? GateUpBias { get; }

    public PackedMatrix Down { get; }

    public float[]? DownBias { get; }

    public void Dispose()
    {
        Qkv.Dispose();
        Output.Dispose();
        GateUp.Dispose();
        Down.Dispose();
    }

    private static (PackedMatrix Weights, float[]? Bias) Read(IWeightSource source, (string Name, int Outputs)[] parts, int inputs,
        bool hasBias)
    {
        PackedMatrix weights = new(parts.Sum(p => p.Outputs), inputs);
        List<float> bias = [];
        int first = 0;
        foreach ((string name, int outputs) in parts)
        {
            int offset = first;
            source.ReadMatrix(name + ".weight", outputs, inputs, (row, values) => weights.SetRows(offset + row, values));
            if (hasBias) bias.AddRange(source.ReadVector(name + ".bias", outputs));
            first += outputs;
        }
        return (weights, hasBias ? [.. bias] : null);
    }
}
