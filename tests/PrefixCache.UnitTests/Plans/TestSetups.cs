using PrefixCache.Cli.Plan.Arithmetic;
using PrefixCache.Cli.Plan.Gpus;
using PrefixCache.Cli.Plan.Models;

namespace PrefixCache.UnitTests.Plans;

/// <summary>Setups of the models and GPUs that have names.</summary>
internal static class TestSetups
{
    public static ModelShape Model(string name) => ModelCatalog.Find(name)!;

    public static PlanSetup Of(string model, string gpu, int context) => new()
    {
        Model = Model(model),
        WeightType = WeightType.BFloat16,
        KvType = WeightType.BFloat16,
        Gpu = GpuCatalog.Find(gpu),
        Request = new RequestShape(context),
        AverageContext = Math.Max(1, context / 2),
    };
}
