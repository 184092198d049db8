using PrefixCache.Cli.Plan.Arithmetic;
using PrefixCache.Cli.Plan.Models;
using static PrefixCache.Cli.Plan.Output.PlanText;

namespace PrefixCache.Cli.Plan.Output;

/// <summary>The rule of thumb beside the exact answer.</summary>
internal static class RuleSection
{
    public static PlanSection Of(KvPlan plan)
    {
        var (setup, rule) = (plan.Setup, plan.Setup.Rule!);
        var bytes = rule.Bytes(plan.Tensors.Parameters, setup.WeightType.Bits);
        var weights = RuleOfThumb.Billions(plan.Tensors.Parameters) * setup.WeightType.Bits / 8;
        List<PlanLine> lines =
        [
            new("rule_of_thumb_bytes", "rule of thumb", bytes, PlanUnit.Bytes,
                $"{Gigabytes(weights)} of weights + {Gigabytes(rule.UserGigabytes)} × {rule.Users} users + "
                + $"{Gigabytes(rule.BufferGigabytes)} = {Gigabytes(bytes / 1e9m)}, 10^9 B each"),
            Exact(plan, rule.Users, setup.Request, "exact_bytes", "exact, at worst"),
        ];
        if (setup.Request.IsPaged) lines.Add(Exact(plan, rule.Users, setup.AverageRequest, "exact_bytes_average", "exact, on average"));
        if (setup.Gpu is { } gpu)
            lines.Insert(1, new("rule_of_thumb_gpus", "  GPUs for it", Rounding.Divide(bytes, gpu.Bytes), PlanUnit.Count,
                $"÷ {Bytes(gpu.Bytes)}, rounded up: its buffer is its headroom"));
        return new PlanSection("Rule of thumb", lines);
    }

    private static string Gigabytes(decimal amount) => FormattableString.Invariant($"{amount:0.###} GB");

    private static PlanLine Exact(KvPlan plan, int users, RequestShape request, string key, string label)
    {
        var setup = plan.Setup;
        var activations = new ActivationCost(setup.Model, setup.WeightType);
        var each = plan.Kv.RequestBytes(request) + activations.RequestLogitBytes(request);
        var step = activations.StepBytes(setup.StepTokens, 1);
        var bytes = plan.WeightBytes + step + setup.OverheadBytes + Math.Ceiling(users * each / (1 - setup.Fragmentation));
        var lost = setup.Fragmentation > 0 ? $" ÷ (1 − {Percent(setup.Fragmentation)})" : "";
        return new(key, label, bytes, PlanUnit.Bytes, $"weights {Metric(plan.WeightBytes)} + {users} × {Metric(each)}{lost} + "
            + $"activations {Metric(step)} "
            + $"+ overhead {Metric(setup.OverheadBytes)}, on one GPU, without headroom");
    }
}
