using FsCheck;
using FsCheck.Fluent;
using PrefixCache.Cli.Plan.Arithmetic;
using PrefixCache.Cli.Plan.Gpus;
using PrefixCache.Cli.Plan.Models;

namespace PrefixCache.UnitTests.Plans;

public class PlanProperties
{
    private static readonly Gen<PlanSetup> Setups =
        from model in Gen.Elements(ModelCatalog.All.ToArray())
        from gpu in Gen.Elements(GpuCatalog.All.ToArray())
        from type in Gen.Elements(WeightType.All.ToArray())
        from kvType in Gen.Elements(WeightType.ForKv.ToArray())
        from context in Gen.Choose(2, 20_000)
        from output in Gen.Choose(1, 2_000)
        from sequences in Gen.Choose(1, 8)
        from block in Gen.Elements(0, 1, 16, 32)
        from headroom in Gen.Choose(0, 50)
        select new PlanSetup
        {
            Model = model,
            WeightType = type,
            KvType = kvType,
            Gpu = gpu,
            Request = new RequestShape(context) { Output = Math.Min(output, context - 1), Sequences = sequences, BlockTokens = block },
            AverageContext = Math.Max(1, context / 2),
            Headroom = headroom / 100.0,
        };

    [Fact]
    public void Requests_OfMoreContext_AreNeverMore() => Check(setup =>
    {
        var longer = setup with { Request = setup.Request with { Context = setup.Request.Context + 100 } };
        return All(setup, longer, (less, more) => more.AtWorst <= less.AtWorst);
    });

    [Fact]
    public void Requests_OfMoreSequences_AreNeverMore() => Check(setup =>
        All(setup, setup with { Request = setup.Request with { Sequences = setup.Request.Sequences + 1 } }, (less, more) =>
            more.AtWorst <= less.AtWorst));

    [Fact]
    public void Requests_WithMoreHeadroom_AreNeverMore() => Check(setup =>
        All(setup, setup with { Headroom = setup.Headroom + 0.1 }, (less, more) => more.AtWorst <= less.AtWorst));

    [Fact]
    public void Requests_OnAverage_AreNeverFewerThanAtWorst() =>
        Check(setup => All(setup, setup, (one, _) => one.OnAverage >= one.AtWorst));

    /// <summary>What is promised fits, and one request more does not.</summary>
    [Fact]
    public void Requests_AsPromised_FitIntoWhatIsUsable() => Check(setup => All(setup, setup, (one, _) =>
        one.AtWorst == 0 || (one.Used(one.AtWorst, setup.Request) <= one.UsableBytes
            && one.Used(one.AtWorst + 1, setup.Request) > one.UsableBytes)));

    [Fact]
    public void Ranks_Together_HoldAllWeightsAndKv() => Check(setup => All(setup, setup, (one, _) =>
        one.Ranks * one.WeightBytes >= new ModelTensors(setup.Model).Bytes(setup.WeightType)
        && one.Ranks * new KvCost(setup.Model, setup.KvType).RankLayerBytes(one.Ranks)
            >= new KvCost(setup.Model, setup.KvType).LayerBytes));

    [Fact]
    public void Gpus_ForMoreUsers_AreNeverFewer() => Check(setup =>
    {
        var (few, many) = (new KvPlan(setup with { Users = 3 }).Needed, new KvPlan(setup with { Users = 30 }).Needed);
        return few is null == many is null && (few is null || (few.Gpus <= many!.Gpus && few.AtWorst >= 3 && many.AtWorst >= 30));
    });

    [Fact]
    public void Prefix_FoundMoreOften_NeverGivesLess() => Check(setup =>
    {
        if (setup.Request.Prompt < 2) return true;
        var (rare, often) = (Gain(setup, 0.2), Gain(setup, 0.9));
        return rare.Users >= 0 && rare.Users <= often.Users && rare.SavedBytes <= often.SavedBytes && rare.SavedFlops <= often.SavedFlops
            && often.SavedFlops <= often.PromptFlops;
    });

    private static PrefixGain Gain(PlanSetup setup, double rate) =>
        new KvPlan(setup with { Prefix = new SharedPrefixShape(setup.Request.Prompt / 2, 2, rate) }).Gain!;

    private static bool All(PlanSetup one, PlanSetup other, Func<GpuBudget, GpuBudget, bool> holds) =>
        new KvPlan(one).Budgets.Zip(new KvPlan(other).Budgets).All(pair => holds(pair.First, pair.Second));

    private static void Check(Func<PlanSetup, bool> holds) => Prop.ForAll(Arb.From(Setups), holds).QuickCheckThrowOnFailure();
}
