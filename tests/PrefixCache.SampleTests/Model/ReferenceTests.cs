using System.Text.Json.Nodes;
using PrefixCache.Samples.Llama.Cache;
using PrefixCache.Samples.Llama.Model;
using PrefixCache.SampleTests.Reference;

namespace PrefixCache.SampleTests.Model;

public class ReferenceTests
{
    // Double precision against single: rounding alone. A wrong rotation, mask, group or scale is off by more than 0.1.
    private const float Tolerance = 2e-3f;

    // A value near the middle between two bf16 neighbours may round either way, which moves logits by more than f32's rounding.
    private const float RoundedKvTolerance = 0.1f;

    [Theory]
    [InlineData(KvDtype.F32)]
    [InlineData(KvDtype.F16)]
    [InlineData(KvDtype.Bf16)]
    public void Logits_GroupedQueriesInEachWeightDtype_AgreeWithReference(KvDtype weights)
    {
        using ModelFolder folder = ModelFolder.Write(TinyModels.Grouped, 11, weights);
        Compare(folder, KvDtype.F32, Tolerance);
    }

    [Theory]
    [InlineData(KvDtype.F16, 0.02f)]
    [InlineData(KvDtype.Bf16, RoundedKvTolerance)]
    public void Logits_KvRounded_AgreeWithReferenceThatRounds(KvDtype kv, float tolerance)
    {
        using ModelFolder folder = ModelFolder.Write(TinyModels.Grouped, 12, KvDtype.F32);
        Compare(folder, kv, tolerance);
    }

    [Fact]
    public void Logits_TiedEmbeddings_AgreeWithReference()
    {
        using ModelFolder folder = ModelFolder.Write(TinyModels.Wide, 13, KvDtype.F32);
        Compare(folder, KvDtype.F32, Tolerance);
    }

    [Fact]
    public void Logits_Llama3RopeScaling_AgreeWithReference()
    {
        using ModelFolder folder = ModelFolder.Write(TinyModels.Wide with { RopeScaling = TinyModels.Llama3 }, 14, KvDtype.Bf16);
        using ModelFolder unscaled = ModelFolder.Write(TinyModels.Wide, 14, KvDtype.Bf16);
        float[] scaled = Compare(folder, KvDtype.F32, Tolerance);
        Assert.NotEqual(scaled, Compare(unscaled, KvDtype.F32, Tolerance));
    }

    [Fact]
    public void Logits_RopeParametersSpelling_AgreeWithReference()
    {
        LlamaConfig config = TinyModels.Wide with { RopeScaling = TinyModels.Llama3 };
        using ModelFolder folder = ModelFolder.Write(config, 15, KvDtype.F32, edit: json =>
        {
            json.Remove("rope_scaling");
            json.Remove("rope_theta");
            JsonObject rope = ModelFolder.Scaling(TinyModels.Llama3);
            rope["rope_theta"] = config.RopeTheta;
            json["rope_parameters"] = rope;
        });
        Compare(folder, KvDtype.F32, Tolerance);
    }

    [Fact]
    public void Logits_BiasesEverywhere_AgreeWithReference()
    {
        LlamaConfig config = TinyModels.Grouped with { AttentionBias = true, MlpBias = true };
        using ModelFolder folder = ModelFolder.Write(config, 16, KvDtype.F32);
        Compare(folder, KvDtype.F32, Tolerance);
    }

    [Fact]
    public void Logits_Shards_AgreeWithReference()
    {
        using ModelFolder folder = ModelFolder.Write(TinyModels.Grouped, 17, KvDtype.F16, sharded: true);
        Compare(folder, KvDtype.F32, Tolerance);
    }

    private static float[] Compare(ModelFolder folder, KvDtype kv, float tolerance)
    {
        using LlamaModel model = LlamaModel.Load(folder.FolderPath);
        int[] tokens = TinyModels.Tokens(70, model.Config.VocabSize);
        using KvCache cache = new(model.Config, tokens.Length, kv);
        using LlamaRunner runner = new(model, cache);
        float[] logits = new float[tokens.Length * model.Config.VocabSize];
        runner.PrefillAll(tokens, logits);
        float[] expected = NumpyReference.Logits(folder.FolderPath, tokens, kv);
        Assert.Equal(expected.Length, logits.Length);
        Assert.True(expected.Max() - expected.Min() > 1, "The reference's logits are flat: equality would prove nothing.");
        for (int i = 0; i < expected.Length; i++)
        {
            float bound = tolerance * Math.Max(1, Math.Abs(expected[i]));
            Assert.True(Math.Abs(expected[i] - logits[i]) <= bound,
                $"Token {i / model.Config.VocabSize}, logit {i % model.Config.VocabSize}: {logits[i]} instead of {expected[i]}.");
        }
        return logits;
    }
}
