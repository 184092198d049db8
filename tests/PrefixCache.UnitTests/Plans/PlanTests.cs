using PrefixCache.Cli.Plan.Arithmetic;
using PrefixCache.Cli.Plan.Models;

namespace PrefixCache.UnitTests.Plans;

/// <summary>What fits, by hand.</summary>
public class PlanTests
{
    /// <summary>
    /// 80 GiB × 0.8 = 68,719,476,736 usable. Weights 8,030,261,248 × 2 = 16,060,522,496. Activations 8,192 × (2 × 4,096 + 3 × 14,336) × 2 =
    /// 838,860,800. Overhead 1,073,741,824. Left 50,746,351,616. A request: 1 GiB + logits 128,256 × 4 = 1,074,254,848. 47.2 of them.
    /// </summary>
    [Fact]
    public void Requests_OfLlama8BOnAnA100_AreByHand()
    {
        var plan = new KvPlan(TestSetups.Of("llama-3.1-8b", "a100-80gb", 8192));
        var budget = plan.Chosen!.Budget;
        Assert.Equal((68_719_476_736, 16_060_522_496, 838_860_800, 50_746_351_616),
            (budget.UsableBytes, budget.WeightBytes, budget.StepBytes, budget.KvBytes));
        Assert.Equal((1_074_254_848, 47, 94, 1), (budget.RequestBytes(plan.Setup.Request), plan.Chosen.AtWorst, plan.Chosen.OnAverage,
            plan.Needed!.Gpus));
    }

    [Fact]
    public void Headroom_LessOfIt_FitsMore()
    {
        var setup = TestSetups.Of("llama-3.1-8b", "a100-80gb", 8192);
        // 8 GiB more: 59,336,286,208 ÷ 1,074,254,848 = 55.2.
        Assert.Equal(55, new KvPlan(setup with { Headroom = 0.1 }).Chosen!.AtWorst);
    }

    /// <summary>350 GB on GPUs with 68.7 GB usable: 5.1, and 5 does not divide 96 heads, so 6 do.</summary>
    [Fact]
    public void Gpus_OfGpt3_DivideItsHeads()
    {
        var plan = new KvPlan(TestSetups.Of("gpt-3-175b", "a100-80gb", 2048));
        Assert.Equal((6, 6), ((int)plan.Needed!.Gpus, plan.Needed.Budget.Ranks));
        Assert.Equal(0, plan.Budgets.Single(budget => budget.Ranks == 4).AtWorst);
    }

    [Fact]
    public void Gpus_ForMoreUsersThanOneCopyServes_AreMoreAndServeThem()
    {
        var plan = new KvPlan(TestSetups.Of("llama-3.1-8b", "a100-80gb", 8192) with { Users = 200 });
        // 47 on 1, 110 on 2, 235 on 4: five copies on one GPU each, four GPUs of two copies, or one copy on four. The fewest, then the
        // smallest size.
        Assert.Equal((4L, 2), (plan.Needed!.Gpus, plan.Needed.Budget.Ranks));
        Assert.True(plan.Needed.AtWorst >= 200);
    }

    /// <summary>More ranks than KV heads hold copies of them; a latent is on every rank.</summary>
    [Theory]
    [InlineData("llama-3.1-8b", 4, 2 * 2 * 128 * 2)]
    [InlineData("llama-3.1-8b", 32, 2 * 1 * 128 * 2)]
    [InlineData("deepseek-v3", 8, (512 + 64) * 2)]
    public void KvOfARank_AndLayer_IsItsHeads(string model, int ranks, long bytes) =>
        Assert.Equal(bytes, new KvCost(TestSetups.Model(model), WeightType.BFloat16).RankLayerBytes(ranks));

    /// <summary>100 prompt tokens are six whole blocks of 16 and four more tokens; each sequence has those four and its 30, in blocks:
    /// 48.</summary>
    [Fact]
    public void Samples_ShareThePromptsWholeBlocks()
    {
        var request = new RequestShape(130) { Output = 30, Sequences = 4 };
        Assert.Equal(96 + (4 * 48), request.Tokens);
        Assert.Equal(144, (request with { Sequences = 1 }).Tokens);
        Assert.Equal(144 + (3 * 16), request.TokensAtBest);
    }

    /// <summary>A prompt of 96 tokens fills six blocks: 96 + 4 × 32. One of 95 has 15 in a block that each sequence copies: 80 + 4 × 48,
    /// which is more.</summary>
    [Fact]
    public void Samples_WherePromptsFillTheirBlocks_AreCountedAsTheWorstOfShorterOnes() =>
        Assert.Equal(80 + (4 * 48), new RequestShape(126) { Output = 30, Sequences = 4 }.Tokens);

    [Fact]
    public void Samples_InContiguousMemory_ShareNothing() =>
        Assert.Equal(4 * 130, new RequestShape(130) { Output = 30, Sequences = 4, BlockTokens = 0 }.Tokens);

    [Fact]
    public void Contiguous_AverageRequest_TakesAsMuchAsTheLongest()
    {
        var setup = TestSetups.Of("llama-3.1-8b", "a100-80gb", 8192);
        var plan = new KvPlan(setup with { Request = setup.Request with { BlockTokens = 0 }, Fragmentation = 0.3 });
        // 50,746,351,616 × 0.7 ÷ 1,074,254,848 = 33.1
        Assert.Equal((33, 33), (plan.Chosen!.AtWorst, plan.Chosen.OnAverage));
    }

    /// <summary>Weights in layers: 8,030,261,248 − 2 × 128,256 × 4,096 − 65 × 4,096 = 6,979,321,856. Two of them for each of 1,000 tokens;
    /// attention 2 × 32 × 32 × (128 + 128) × 1,000 × 1,001 ÷ 2.</summary>
    [Fact]
    public void Prefill_OfLlama8B_IsByHand()
    {
        var model = TestSetups.Model("llama-3.1-8b");
        Assert.Equal(13_958_643_712_000 + 262_406_144_000.0, new PrefillCost(model, new ModelTensors(model)).Flops(1000));
    }

    [Fact]
    public void Prefix_SharedByEightOfTen_IsByHand()
    {
        var setup = TestSetups.Of("llama-3.1-8b", "a100-80gb", 8192) with { Prefix = new SharedPrefixShape(2000, 1, 0.8) };
        var plan = new KvPlan(setup);
        // (50,746,351,616 − 262,144,000) ÷ (1,074,254,848 − 0.8 × 262,144,000) = 58.4; (47 × 0.8 − 1) × 262,144,000 given back.
        Assert.Equal((58, 9_594_470_400), (plan.Gain!.Users, plan.Gain.SavedBytes));
        // 1.1 × 262,144,000 in whole GiB; with 47 × (4,096 − 2,000) tokens beside 13.5 GiB.
        Assert.Equal((1L << 30, 14L << 30, 250L << 20), (plan.Tiers!.HostLeastBytes, plan.Tiers.HostBytes, plan.Tiers.GpuBytes));
    }

    /// <summary>16 + 1.2 × 40 + 5 GB; 26 + 1.6 × 10 + 9.2 = 51.2 GB, where a published sum has 101.2.</summary>
    [Theory]
    [InlineData("llama-3.1-8b", 1.2, 40, 5, 69_000_000_000, 1)]
    [InlineData("llama-2-13b", 1.6, 10, 9.2, 51_200_000_000, 2)]
    public void RuleOfThumb_AsPublished_IsReproduced(string model, double each, int users, double buffer, long bytes, int gpusOf40)
    {
        var rule = new RuleOfThumb((decimal)each, (decimal)buffer, users).Bytes(new ModelTensors(TestSetups.Model(model)).Parameters, 16);
        Assert.Equal(bytes, rule);
        if (gpusOf40 == 2) Assert.Equal(gpusOf40, Rounding.Divide(rule, 40_000_000_000));
    }

    [Fact]
    public void Window_OfSomeLayers_BoundsTheirKv()
    {
        var model = TestSetups.Model("llama-3.1-8b") with { SlidingLayers = 16, Window = 1024 };
        // 4,096 B a layer and token: 16 × 8,192 and 16 × 1,024 tokens.
        Assert.Equal(4096L * 16 * (8192 + 1024), new KvCost(model, WeightType.BFloat16).ContextBytes(8192));
    }
}
