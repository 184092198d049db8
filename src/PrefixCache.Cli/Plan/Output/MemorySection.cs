using PrefixCache.Cli.Plan.Arithmetic;
using static PrefixCache.Cli.Plan.Output.PlanText;

namespace PrefixCache.Cli.Plan.Output;

/// <summary>Where the memory of each GPU goes.</summary>
internal static class MemorySection
{
    public static PlanSection Of(KvPlan plan)
    {
        var setup = plan.Setup;
        var gpu = setup.Gpu!;
        var budget = plan.Chosen?.Budget ?? plan.Budgets[^1];
        var (gpus, ranks) = (plan.Chosen?.Gpus ?? budget.Ranks, budget.Ranks);
        var activations = new ActivationCost(setup.Model, setup.WeightType);
        var cut = ranks == 1 ? "all of them" : $"heads, columns and vocabulary ÷ {ranks}, what is not cut whole";
        List<PlanLine> lines =
        [
            new("gpu_bytes", "memory of a GPU", gpu.Bytes, PlanUnit.Bytes, gpu.Source),
            new("headroom_bytes", $"− headroom of {Percent(setup.Headroom)}", gpu.Bytes - budget.UsableBytes, PlanUnit.Bytes,
                $"{Percent(setup.Headroom)} × memory, left free (--headroom)"),
            new("usable_bytes", "= usable" + (gpus == 1 ? "" : $", all {gpus} GPUs"), gpus * budget.UsableBytes, PlanUnit.Bytes,
                (gpus == 1 ? "" : $"{gpus} GPUs × ") + $"memory × (1 − {Percent(setup.Headroom)}), for weights, activations, overhead "
                    + "and KV"),
            new("weights_bytes_per_gpu", "− weights, each GPU", budget.WeightBytes, PlanUnit.Bytes, cut),
            new("activations_bytes_per_gpu", "− activations, each GPU", budget.StepBytes, PlanUnit.Bytes,
                $"{Number(setup.StepTokens)} tokens a step × (2 × hidden {Number(setup.Model.Hidden)} + widest of attention "
                    + $"{Number(activations.AttentionWidth)} "
                + $"and feed-forward {Number(activations.FeedForwardWidth)}{(ranks == 1 ? "" : $" ÷ {ranks}")}) × "
                    + $"{setup.WeightType.Compute.ElementBytes} B"),
            new("overhead_bytes_per_gpu", "− overhead, each GPU", setup.OverheadBytes, PlanUnit.Bytes,
                "assumed: driver context, graphs, workspaces, communication (--overhead)"),
            new("kv_budget_bytes_per_gpu", "= left for KV, each GPU", budget.KvBytes, PlanUnit.Bytes,
                "the rest of usable" + Lost(setup)),
            new("kv_bytes_per_request_per_gpu", "KV of a request, each GPU", plan.Kv.RankRequestBytes(setup.Request, ranks),
                PlanUnit.Bytes, Share(setup, ranks)),
            new("logits_bytes_per_request", "+ logits of a request", activations.RequestLogitBytes(setup.Request), PlanUnit.Bytes,
                $"{setup.Request.Sequences} × vocabulary {Number(setup.Model.Vocabulary)} × {ActivationCost.LogitBytes} B"),
        ];
        return new PlanSection(ranks == 1 ? "Memory of a GPU" : $"Memory, {ranks} GPUs for each copy of the model", lines);
    }

    private static string Lost(PlanSetup setup) => setup.Fragmentation > 0
        ? $" × (1 − {Percent(setup.Fragmentation)}) lost between requests (--fragmentation)"
        : "; paged memory loses no more than the last block of each sequence, which is counted there";

    private static string Share(PlanSetup setup, int ranks) => setup.Model.Latent is not null && ranks > 1
        ? "every rank keeps the whole latent: more GPUs do not divide it"
        : ranks > setup.Model.KvHeads
            ? $"a rank keeps a whole KV head: {setup.Model.KvHeads} of them on {ranks} ranks are copies"
            : ranks == 1 ? "as above" : $"{setup.Model.KvHeads} KV heads ÷ {ranks}";
}
