using PrefixCache.Cli.Plan.Arithmetic;
using static PrefixCache.Cli.Plan.Output.PlanText;

namespace PrefixCache.Cli.Plan.Output;

/// <summary>How many requests fit, and how many GPUs it takes.</summary>
internal static class FitSection
{
    /// <summary>GPUs of one copy of the model that are worth a line: those of one host, and more where that is what it takes.</summary>
    private const int HostGpus = 8;

    public static PlanSection Of(KvPlan plan)
    {
        var setup = plan.Setup;
        var chosen = plan.Chosen;
        var copies = chosen is { Replicas: > 1 } ? $"{chosen.Replicas} copies × " : "";
        List<PlanLine> lines =
        [
            new("concurrent_requests", $"requests at once of {Number(setup.Request.Context)} tokens, at worst", chosen?.AtWorst ?? 0,
                PlanUnit.Count,
                copies + "left for KV ÷ (KV + logits of a request), rounded down"),
            new("concurrent_requests_average", $"requests at once of {Number(setup.AverageContext)} tokens, on average",
                chosen?.OnAverage ?? 0, PlanUnit.Count,
                setup.Request.IsPaged ? copies + "the same with the average request"
                    : "contiguous memory is taken for the longest request: as at worst"),
            new("gpus_for_weights_alone", "GPUs for the weights alone", Deployment.ForWeightsAlone(plan.WeightBytes, setup.Gpu!),
                PlanUnit.Count,
                $"{Bytes(plan.WeightBytes)} ÷ {Bytes(setup.Gpu!.Bytes)}, rounded up: no headroom, no KV, heads not divided"),
            new("gpus_needed", "GPUs needed for " + (setup.Users is { } users ? $"{Number(users)} requests at worst"
                : "one request at worst"),
                plan.Needed?.Gpus, PlanUnit.Count, NeededFormula(plan)),
            new("tensor_parallel", "GPUs of one copy of the model", chosen?.Budget.Ranks, PlanUnit.Count,
                $"tensor-parallel size: divides {setup.Model.Heads} heads{KvHeads(setup)}"),
            new("replicas", "copies of the model", chosen?.Replicas, PlanUnit.Count,
                setup.Gpus is { } gpus ? $"{gpus} GPUs ÷ {chosen?.Budget.Ranks}" : "as many as the requests take"),
        ];
        foreach (var budget in plan.Budgets.Where(budget => budget.Ranks <= Math.Max(HostGpus, chosen?.Budget.Ranks ?? 0)))
            lines.Add(new($"concurrent_requests_by_tensor_parallel/{budget.Ranks}", $"  requests at worst on {budget.Ranks}",
                budget.AtWorst,
                PlanUnit.Count, budget.KvBytes > 0
                    ? $"{Bytes(budget.KvBytes)} left on each ÷ {Bytes(budget.RequestBytes(setup.Request))}"
                    : $"weights ({Bytes(budget.WeightBytes)} on each), activations and overhead do not leave any memory"));
        if (Decode(plan) is { } decode) lines.Add(decode);
        return new PlanSection("What fits", lines);
    }

    private static string KvHeads(PlanSetup setup) => setup.Model.Latent is null && setup.Model.KvHeads != setup.Model.Heads
        ? $", and {setup.Model.KvHeads} KV heads or is a multiple of them" : "";

    private static string NeededFormula(KvPlan plan) => plan.Needed is { } needed
        ? needed.Replicas == 1 ? "the smallest tensor-parallel size that they fit on"
            : $"{needed.Replicas} copies × {needed.Budget.Ranks} GPUs, the fewest of all sizes"
        : "they fit on no size that divides the heads: a larger GPU, fewer bits or a shorter context";

    /// <summary>Reading weights and KV once bounds a step from below, whatever the computing.</summary>
    private static PlanLine? Decode(KvPlan plan)
    {
        if (plan.Setup.Gpu is not { BytesPerSecond: > 0 } gpu || plan.Chosen is not { AtWorst: > 0 } chosen) return null;
        var budget = chosen.Budget;
        var bytes = budget.WeightBytes + (budget.AtWorst * plan.Kv.RankRequestBytes(plan.Setup.Request, budget.Ranks));
        return new("decode_step_seconds_least", "a step that generates a token of each, at least", bytes / gpu.BytesPerSecond,
            PlanUnit.Seconds,
            $"(weights + KV of {Number(budget.AtWorst)} requests on each GPU) ÷ {gpu.BytesPerSecond / 1e12:0.###} TB/s");
    }
}
