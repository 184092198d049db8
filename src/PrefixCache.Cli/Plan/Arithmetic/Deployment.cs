using PrefixCache.Cli.Plan.Gpus;
using PrefixCache.Cli.Plan.Models;

namespace PrefixCache.Cli.Plan.Arithmetic;

/// <summary>Copies of the model, each on its own GPUs.</summary>
/// <param name="Budget">Of each GPU.</param>
/// <param name="Replicas">Copies of the model.</param>
internal sealed record Deployment(GpuBudget Budget, long Replicas)
{
    public long Gpus => Replicas * Budget.Ranks;

    public long AtWorst => Replicas * Budget.AtWorst;

    public long OnAverage => Replicas * Budget.OnAverage;

    /// <summary>The fewest GPUs that serve so many requests at worst, of those the smallest tensor-parallel size; null = none do.</summary>
    public static Deployment? Fewest(IEnumerable<GpuBudget> budgets, long requests) => budgets
        .Where(budget => budget.AtWorst > 0)
        .Select(budget => new Deployment(budget, Rounding.Divide(Math.Max(1, requests), budget.AtWorst)))
        .MinBy(deployment => (deployment.Gpus, deployment.Budget.Ranks));

    /// <summary>What serves most with so many GPUs, where some may be left over; the smallest size where none serves any.</summary>
    public static Deployment Best(IEnumerable<GpuBudget> budgets, int gpus) => budgets
        .Where(budget => budget.Ranks <= gpus)
        .Select(budget => new Deployment(budget, gpus / budget.Ranks))
        .MaxBy(deployment => (deployment.AtWorst, deployment.OnAverage, -deployment.Budget.Ranks))!;

    /// <summary>GPUs that hold the weights and nothing else, whether or not that number divides the heads.</summary>
    public static long ForWeightsAlone(long weightBytes, GpuFacts gpu) => Rounding.Divide(weightBytes, gpu.Bytes);
}
