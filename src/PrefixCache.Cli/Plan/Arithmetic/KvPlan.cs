using PrefixCache.Cli.Plan.Models;

namespace PrefixCache.Cli.Plan.Arithmetic;

/// <summary>Everything that follows from a setup.</summary>
internal sealed class KvPlan
{
    public KvPlan(PlanSetup setup)
    {
        Setup = setup;
        Tensors = new ModelTensors(setup.Model);
        Kv = new KvCost(setup.Model, setup.KvType);
        WeightBytes = Tensors.Bytes(setup.WeightType);
        if (setup.Gpu is { } gpu)
        {
            Budgets = [.. setup.Model.TensorParallelSizes.Select(ranks => new GpuBudget(setup, gpu, Tensors, ranks))];
            Needed = Deployment.Fewest(Budgets, setup.Users ?? 1);
            Chosen = setup.Gpus is { } gpus ? Deployment.Best(Budgets, gpus) : Needed;
        }

        if (setup.Prefix is not { } prefix) return;
        Gain = new PrefixGain(setup, prefix, Tensors, Chosen);
        Tiers = new TierSizes(setup, prefix, Chosen);
    }

    public PlanSetup Setup { get; }

    public ModelTensors Tensors { get; }

    public KvCost Kv { get; }

    /// <summary>Of one copy of the model.</summary>
    public long WeightBytes { get; }

    /// <summary>By tensor-parallel size; empty = no GPU was named.</summary>
    public IReadOnlyList<GpuBudget> Budgets { get; } = [];

    /// <summary>The fewest GPUs that serve what is wanted; null = no size that divides the heads does.</summary>
    public Deployment? Needed { get; }

    /// <summary>On the GPUs that are there, else on those needed.</summary>
    public Deployment? Chosen { get; }

    public PrefixGain? Gain { get; }

    public TierSizes? Tiers { get; }
}
