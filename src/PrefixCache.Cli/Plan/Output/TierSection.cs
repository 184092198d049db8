using PrefixCache.Cli.Plan.Arithmetic;
using static PrefixCache.Cli.Plan.Output.PlanText;

namespace PrefixCache.Cli.Plan.Output;

/// <summary>How large each tier should be.</summary>
internal static class TierSection
{
    public static PlanSection Of(KvPlan plan)
    {
        var (tiers, prefix) = (plan.Tiers!, plan.Setup.Prefix!);
        var prefixes = $"{prefix.Count} × {Number(tiers.PrefixTokens)} tokens";
        List<PlanLine> lines =
        [
            new("host_tier_bytes_least", "host tier at least: --capacity", tiers.HostLeastBytes, PlanUnit.Bytes,
                $"{prefixes} × {Number(plan.Kv.SharedTokenBytes)} B × (1 + {Percent(TierSizes.Slack)}), whole GiB: enough with "
                    + "--admission on_reuse"),
            new("host_tier_bytes", "host tier: --capacity", tiers.HostBytes, PlanUnit.Bytes,
                $"({prefixes} + {Number(tiers.Requests)} requests × {Number(tiers.OwnTokens)} of their own) × "
                    + $"{Number(plan.Kv.SharedTokenBytes)} B "
                + $"× (1 + {Percent(TierSizes.Slack)}), whole GiB"),
            new("redis_tier_bytes", "Redis: maxmemory", tiers.RedisBytes, PlanUnit.Bytes,
                "as the host tier of one node: what all nodes share is there once"),
        ];
        if (tiers.GpuBytes > 0)
            lines.Insert(0, new("gpu_tier_bytes", "gpu tier of each GPU: --gpu-capacity", tiers.GpuBytes, PlanUnit.Bytes,
                GpuFormula(plan, prefixes)));
        return new PlanSection("How large each tier should be", lines);
    }

    private static string GpuFormula(KvPlan plan, string prefixes)
    {
        var budget = plan.Chosen!.Budget;
        var free = plan.Setup.Gpu!.Bytes - budget.UsableBytes;
        return $"{prefixes} × KV of a rank, whole MiB; " + (plan.Tiers!.GpuBytes <= free
            ? "it lies within the headroom"
            : $"more than the headroom of {Bytes(free)}: the engine has to leave the rest");
    }
}
