using PrefixCache.Cli.Plan.Arithmetic;
using PrefixCache.Core.Planning;
using static PrefixCache.Cli.Plan.Output.PlanText;

namespace PrefixCache.Cli.Plan.Output;

/// <summary>What the shared prefix gives back.</summary>
internal static class GainSection
{
    private static readonly (LoadSource Source, string Key, string Label)[] Sources =
    [
        (LoadSource.Device, "gpu", "the gpu tier"),
        (LoadSource.SharedMemory, "host", "the host tier, shared memory"),
        (LoadSource.Stream, "stream", "the host tier, a gRPC stream"),
        (LoadSource.Redis, "redis", "Redis, into the host tier"),
    ];

    public static PlanSection Of(KvPlan plan)
    {
        var (setup, gain) = (plan.Setup, plan.Gain!);
        var prefix = setup.Prefix!;
        var hits = Percent(prefix.HitRate);
        List<PlanLine> lines =
        [
            new("prefix_bytes", $"KV of the prefix, {Number(prefix.Tokens)} tokens", plan.Kv.SharedTokenBytes * prefix.Tokens,
                PlanUnit.Bytes,
                $"{Number(prefix.Tokens)} × {Number(plan.Kv.SharedTokenBytes)} B"),
            new("prefix_flops", "computing it", gain.PrefixFlops, PlanUnit.Flops, FlopsFormula(plan, prefix.Tokens)),
            new("prefill_flops_saved_per_request", "saved for each request, on average", gain.SavedFlops, PlanUnit.Flops,
                $"{hits} × computing the prefix"),
            new("prefill_share_saved", "  of its prefill", gain.SavedFlops / gain.PromptFlops, PlanUnit.Share,
                $"÷ computing the prompt of {Number(setup.Request.Prompt)} tokens, {PlanText.Of(gain.PromptFlops, PlanUnit.Flops)}"),
        ];
        if (gain.Deployment is { } deployment)
        {
            if (setup.Request.IsPaged) AddUsers(lines, plan, gain, deployment);
            if (gain.FlopsPerSecond > 0) AddSeconds(lines, plan, gain);
            AddLoads(lines, gain);
        }

        return new PlanSection($"What the shared prefix gives back at a hit rate of {hits}", lines);
    }

    private static string FlopsFormula(KvPlan plan, int tokens)
    {
        var (model, (key, value)) = (plan.Setup.Model, plan.Setup.Model.HeadWidths);
        var windowed = model.SlidingLayers > 0 ? ", less beyond the window" : "";
        return $"2 × {Number(plan.Tensors.MatrixActive)} weights × {Number(tokens)} + 2 × {model.Layers} layers × {model.Heads} heads × "
            + $"({key} + {value}) "
            + $"× {Number(tokens)} × {Number(tokens + 1)} ÷ 2{windowed}";
    }

    private static void AddUsers(List<PlanLine> lines, KvPlan plan, PrefixGain gain, Deployment deployment)
    {
        var prefix = plan.Setup.Prefix!;
        lines.Add(new("prefix_bytes_saved", $"GPU memory given back by {Number(deployment.AtWorst)} requests", gain.SavedBytes,
            PlanUnit.Bytes,
            $"({Number(deployment.Budget.AtWorst)} × {Percent(prefix.HitRate)} − {prefix.Count}) × KV of {Number(gain.SharedTokens)} "
                + "tokens in whole blocks, "
            + "for each copy; the engine has to share blocks"));
        lines.Add(new("concurrent_requests_shared", "requests at once that share it, on average", gain.Users, PlanUnit.Count,
            $"(left for KV − {prefix.Count} × prefix) ÷ (request − {Percent(prefix.HitRate)} × prefix), rounded down; "
                + $"{Number(deployment.AtWorst)} when all miss"));
    }

    private static void AddSeconds(List<PlanLine> lines, KvPlan plan, PrefixGain gain)
    {
        var setup = plan.Setup;
        var host = LoadSource.SharedMemory;
        lines.Add(new("prefix_seconds", "time to compute it", gain.PrefixSeconds, PlanUnit.Seconds,
            $"÷ ({plan.Chosen!.Budget.Ranks} × {PlanText.Of(setup.Gpu!.FlopsPerSecond, PlanUnit.Flops)}/s × "
                + $"{Percent(setup.Utilization)}, assumed: --mfu)"));
        lines.Add(new("prefill_seconds_saved_per_request", "saved for each request, on average",
            setup.Prefix!.HitRate * gain.SavedSeconds(host),
            PlanUnit.Seconds, $"{Percent(setup.Prefix.HitRate)} × (compute − load from the host tier's shared memory), nothing where "
                + "loading is slower"));
        lines.Add(new("prefill_requests_per_second", "requests that prefill lets through, without",
            plan.Chosen.Replicas / gain.PromptSeconds, PlanUnit.PerSecond,
            $"{plan.Chosen.Replicas} ÷ {PlanText.Of(gain.PromptSeconds, PlanUnit.Seconds)} for a prompt"));
        lines.Add(new("prefill_requests_per_second_shared", "  with the prefix shared", plan.Chosen.Replicas / gain.SecondsWith(host),
            PlanUnit.PerSecond,
            $"{plan.Chosen.Replicas} ÷ (prompt − saved)"));
    }

    private static void AddLoads(List<PlanLine> lines, PrefixGain gain)
    {
        foreach (var (source, key, label) in Sources)
        {
            var seconds = LoadTime.Seconds(source, gain.RankPrefixBytes);
            var verdict = gain.FlopsPerSecond == 0 ? "" : seconds < gain.PrefixSeconds ? "; faster than computing"
                : "; computing is faster";
            lines.Add(new($"prefix_load_seconds/{key}", $"  loading it from {label}", seconds, PlanUnit.Seconds,
                $"{LoadTime.Formula(source)}, {Metric(gain.RankPrefixBytes)} a GPU{verdict}"));
        }
    }
}
