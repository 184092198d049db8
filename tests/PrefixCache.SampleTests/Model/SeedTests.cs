using System.Runtime.InteropServices;
using System.Security.Cryptography;
using PrefixCache.Samples.Llama.Cache;
using PrefixCache.Samples.Llama.Model;
using PrefixCache.Samples.Llama.Weights;
using PrefixCache.SampleTests.Reference;

namespace PrefixCache.SampleTests.Model;

public class SeedTests
{
    [Fact]
    public void SeededWeights_FixedSeed_KnownBytes()
    {
        List<float> values = [];
        new SeededWeights(42).ReadMatrix("model.layers.0.mlp.up_proj.weight", 300, 7, (_, rows) => values.AddRange(rows));
        byte[] hash = SHA256.HashData(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(values)));
        // Any machine must make these: two workers on different hosts share KV only if their weights are the same.
        Assert.Equal(KnownHash, Convert.ToHexString(hash));
        double deviation = Math.Sqrt(values.Average(v => (double)v * v) - Math.Pow(values.Average(), 2));
        Assert.InRange(deviation * Math.Sqrt(7), 0.95, 1.05);
    }

    [Fact]
    public void FromSeed_SameWeightsAsFolder_SameLogits()
    {
        using ModelFolder folder = ModelFolder.Write(TinyModels.Grouped, 9, KvDtype.F32);
        using LlamaModel loaded = LlamaModel.Load(folder.FolderPath), made = LlamaModel.FromSeed(TinyModels.Grouped, 9);
        Assert.Equal(Logits(loaded), Logits(made));
    }

    [Fact]
    public void FromSeed_OtherSeed_OtherLogits()
    {
        using LlamaModel one = LlamaModel.FromSeed(TinyModels.Grouped, 1), two = LlamaModel.FromSeed(TinyModels.Grouped, 2);
        Assert.NotEqual(Logits(one), Logits(two));
    }

    // Computed from the description (SplitMix64 seeded by the name's SHA-256, four 16-bit parts summed) by a few lines of numpy.
    private const string KnownHash = "90342873CF50935BD914A36F7B87E2AAEEE83A906B73D65788B3AB004A86B818";

    private static float[] Logits(LlamaModel model)
    {
        using KvCache cache = new(model.Config, 9);
        using LlamaRunner runner = new(model, cache);
        float[] logits = new float[model.Config.VocabSize];
        runner.Prefill(TinyModels.Tokens(9, model.Config.VocabSize), logits);
        return logits;
    }
}
