using PrefixCache.Samples.Llama.Kernels;
using PrefixCache.Samples.Llama.Weights;

namespace PrefixCache.Samples.Llama.Model;

/// <summary>A Llama-architecture decoder's configuration and weights, held in f32.</summary>
/// <remarks>Immutable once made, so any number of <see cref="LlamaRunner"/>s may share it; owns native memory until disposed.</remarks>
public sealed class LlamaModel : IDisposable
{
    private LlamaModel(LlamaConfig config, IWeightSource source)
    {
        Config = config;
        Embedding = new PackedMatrix(config.VocabSize, config.HiddenSize);
        source.ReadMatrix("model.embed_tokens.weight", config.VocabSize, config.HiddenSize, Embedding.SetRows);
        Layers = new LayerWeights[config.Layers];
        for (int i = 0; i < Layers.Length; i++) Layers[i] = new LayerWeights(config, i, source);
        FinalNorm = source.ReadVector("model.norm.weight", config.HiddenSize);
        Head = Embedding;
        if (config.TieWordEmbeddings) return;
        Head = new PackedMatrix(config.VocabSize, config.HiddenSize);
        source.ReadMatrix("lm_head.weight", config.VocabSize, config.HiddenSize, Head.SetRows);
    }

    /// <summary>The model's shape.</summary>
    public LlamaConfig Config { get; }

    internal PackedMatrix Embedding { get; }

    internal LayerWeights[] Layers { get; }

    internal float[] FinalNorm { get; }

    internal PackedMatrix Head { get; }

    /// <summary>Loads a Hugging Face folder: <c>config.json</c> and <c>model.safetensors</c>, whole or sharded.</summary>
    /// <exception cref="LlamaException">Names the file and, where there is one, the tensor that cannot be used.</exception>
    public static LlamaModel Load(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        if (!Directory.Exists(folder)) throw new LlamaException($"{folder}: no such folder.");
        LlamaConfig config = LlamaConfigReader.Read(Path.Combine(folder, "config.json"));
        using SafetensorsFolder weights = SafetensorsFolder.Open(folder);
        return new LlamaModel(config, weights);
    }

    /// <summary>Makes weights from a seed; the same everywhere for the same seed and configuration.</summary>
    public static LlamaModel FromSeed(LlamaConfig config, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        return new LlamaModel(config, new SeededWeights(seed));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (LayerWeights layer in Layers) layer.Dispose();
        Embedding.Dispose();
        Head.Dispose();
    }
}
