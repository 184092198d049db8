using PrefixCache.Cli.Plan.Arithmetic;
using PrefixCache.Cli.Plan.Gpus;
using PrefixCache.Cli.Plan.Models;
using PrefixCache.Core.Replay;

namespace PrefixCache.UnitTests.Plans;

/// <summary>Counts from shapes, beside the published ones.</summary>
public class ModelTests
{
    private const long Mebibyte = 1 << 20;
    private const long Gibibyte = 1 << 30;

    /// <summary>Parameters as the safetensors index of each published checkpoint adds up to; of GPT-3 and OPT as their papers
    /// state.</summary>
    [Theory]
    [InlineData("llama-2-7b", 6_738_415_616)]
    [InlineData("llama-2-13b", 13_015_864_320)]
    [InlineData("llama-2-70b", 68_976_648_192)]
    [InlineData("llama-3.1-8b", 8_030_261_248)]
    [InlineData("llama-3.1-70b", 70_553_706_496)]
    [InlineData("llama-3.1-405b", 405_853_388_800)]
    [InlineData("mistral-7b-v0.3", 7_248_023_552)]
    [InlineData("mixtral-8x7b", 46_702_792_704)]
    [InlineData("qwen2.5-7b", 7_615_616_512)]
    [InlineData("deepseek-v3", 671_026_419_200)] // Without the module for a second token.
    [InlineData("gpt-3-175b", 175_000_000_000)]
    [InlineData("opt-175b", 175_000_000_000)]
    public void Parameters_OfNamedModels_AreThePublished(string model, long parameters) =>
        Assert.Equal(parameters, new ModelTensors(TestSetups.Model(model)).Parameters);

    /// <summary>Billions, as the papers state: Mixtral of Experts, section 2; DeepSeek-V3, abstract.</summary>
    [Theory]
    [InlineData("mixtral-8x7b", 13)]
    [InlineData("deepseek-v3", 38)] // «37B» leaves one of the two vocabulary tables out: 37.55 - 0.93 = 36.6.
    [InlineData("llama-3.1-8b", 8)]
    public void Active_OfModelsWithExperts_IsThePublished(string model, int billions) =>
        Assert.Equal(billions, Math.Round(new ModelTensors(TestSetups.Model(model)).Active / 1e9));

    [Fact]
    public void Parameters_OfGpt3_AreAlmostWhatItsShapesGive()
    {
        // 96 × (12 × 12288² + 13 × 12288) + (50257 + 2048) × 12288 + 2 × 12288
        Assert.Equal(174_604_259_328, new ModelTensors(TestSetups.Model("gpt-3-175b")).Counted);
    }

    /// <summary>Bytes by hand: 2 × layers × KV heads × head width × 2 B; of DeepSeek-V3 61 × (512 + 64) × 2 B.</summary>
    [Theory]
    [InlineData("llama-3.1-8b", 131_072)] // 2 × 32 × 8 × 128 × 2
    [InlineData("llama-2-7b", 512 * 1024)] // 2 × 32 × 32 × 128 × 2
    [InlineData("llama-2-13b", 800 * 1024)] // 2 × 40 × 40 × 128 × 2 = 0.78 MiB
    [InlineData("llama-3.1-70b", 327_680)] // 2 × 80 × 8 × 128 × 2
    [InlineData("qwen2.5-7b", 57_344)] // 2 × 28 × 4 × 128 × 2
    [InlineData("deepseek-v3", 70_272)]
    [InlineData("opt-175b", 4_718_592)] // 2 × 96 × 96 × 128 × 2 = 4.5 MiB
    public void KvOfAToken_In16Bits_IsByHand(string model, long bytes) =>
        Assert.Equal(bytes, new KvCost(TestSetups.Model(model), WeightType.BFloat16).TokenBytes);

    /// <summary>`replay --layout` and `plan --model` say the same of the same model.</summary>
    [Fact]
    public void KvOfAToken_WhereReplayKnowsTheModel_IsTheSame()
    {
        var both = NamedLayout.All.Where(layout => ModelCatalog.Find(layout.Name) is not null).ToList();
        Assert.True(both.Count >= 5);
        Assert.All(both, layout => Assert.Equal(
            layout.BytesPerToken, new KvCost(TestSetups.Model(layout.Name), WeightType.BFloat16).TokenBytes));
    }

    /// <summary>Llama 3.1 8B: tokens × 131,072 B. Llama 13B: 2,000 × 819,200 B, the published «1.6 GB», and ten of those «16 GB».</summary>
    [Theory]
    [InlineData("llama-3.1-8b", 900, 117_964_800)] // 112.5 MiB
    [InlineData("llama-3.1-8b", 4_096, 512 * Mebibyte)]
    [InlineData("llama-3.1-8b", 8_192, Gibibyte)] // Not 512 MB, as published notes have it.
    [InlineData("llama-3.1-8b", 16_384, 2 * Gibibyte)]
    [InlineData("llama-3.1-8b", 32_768, 4 * Gibibyte)]
    [InlineData("llama-3.1-8b", 65_536, 8 * Gibibyte)]
    [InlineData("llama-2-13b", 2_000, 1_638_400_000)]
    [InlineData("llama-2-13b", 20_000, 16_384_000_000)]
    public void KvOfAContext_In16Bits_IsByHand(string model, int tokens, long bytes) =>
        Assert.Equal(bytes, new KvCost(TestSetups.Model(model), WeightType.Float16).ContextBytes(tokens));

    /// <summary>The table of many an introduction: parameters × 2 B.</summary>
    [Theory]
    [InlineData(345_000_000, 690_000_000)]
    [InlineData(13_000_000_000, 26_000_000_000)]
    [InlineData(175_000_000_000, 350_000_000_000)]
    public void Weights_InF16_AreTwoBytesEach(long parameters, long bytes) =>
        Assert.Equal(bytes, WeightType.Float16.MatrixBytes(parameters));

    /// <summary>350 GB ÷ 85.9 GB = 4.07; 141.1 GB ÷ 85.9 GB = 1.64; 16.06 GB ÷ 85.9 GB.</summary>
    [Theory]
    [InlineData("gpt-3-175b", 5)]
    [InlineData("llama-3.1-70b", 2)]
    [InlineData("llama-2-70b", 2)]
    [InlineData("llama-3.1-8b", 1)]
    public void GpusForTheWeights_A100Of80_AreRoundedUp(string model, int gpus) => Assert.Equal(gpus,
        Deployment.ForWeightsAlone(new ModelTensors(TestSetups.Model(model)).Bytes(WeightType.Float16), GpuCatalog.Find("a100-80gb")!));

    /// <summary>1,000 weights in 4 bits: 500 B, and 1,000 ÷ 128 scales of 2.5 B are 19.53 B.</summary>
    [Fact]
    public void Int4_WithScales_IsRoundedUp() => Assert.Equal(520, WeightType.Int4.MatrixBytes(1000));

    [Theory]
    [InlineData("meta-llama/Llama-3.1-8B", "llama-3.1-8b")]
    [InlineData("Llama-2-7b-hf", "llama-2-7b")]
    [InlineData("GPT3", "gpt-3-175b")]
    [InlineData("mistral_7b", "mistral-7b-v0.3")]
    public void Find_OtherSpelling_IsKnown(string text, string name) => Assert.Equal(name, ModelCatalog.Find(text)!.Name);

    [Fact]
    public void Find_UnknownName_IsNull() => Assert.Null(ModelCatalog.Find("llama-9"));

    /// <summary>Heads that ranks divide, and KV heads that they divide or copy: Qwen2.5 7B has 28 and 4.</summary>
    [Theory]
    [InlineData("llama-3.1-8b", "1,2,4,8,16,32")]
    [InlineData("qwen2.5-7b", "1,2,4,28")]
    [InlineData("llama-2-13b", "1,2,4,5,8,10,20,40")]
    public void TensorParallelSizes_DivideTheHeads(string model, string sizes) =>
        Assert.Equal(sizes, string.Join(',', TestSetups.Model(model).TensorParallelSizes));

    /// <summary>An A100 80GB has 80 GiB, an H100 a little less, an MI300X a little less than 192 GiB.</summary>
    [Theory]
    [InlineData("a100-80gb", 85_899_345_920)]
    [InlineData("A100-40GB", 42_949_672_960)]
    [InlineData("h100", 85_520_809_984)]
    [InlineData("rtx4090", 25_757_220_864)]
    [InlineData("mi300x", 206_141_652_992)]
    public void Gpu_ByName_HasItsRealBytes(string name, long bytes) => Assert.Equal(bytes, GpuCatalog.Find(name)!.Bytes);
}
