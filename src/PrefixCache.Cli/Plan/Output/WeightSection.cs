using PrefixCache.Cli.Plan.Arithmetic;
using PrefixCache.Cli.Plan.Models;
using static PrefixCache.Cli.Plan.Output.PlanText;

namespace PrefixCache.Cli.Plan.Output;

/// <summary>What the weights take.</summary>
internal static class WeightSection
{
    public static PlanSection Of(KvPlan plan)
    {
        var (tensors, type) = (plan.Tensors, plan.Setup.WeightType);
        var counted = tensors.Counted == tensors.Parameters
            ? "sum of all tensors, from the model's shapes"
            : $"as its authors state; the shapes add up to {Number(tensors.Counted)}";
        List<PlanLine> lines =
        [
            new("parameters", "parameters", tensors.Parameters, PlanUnit.Count, counted),
            new("weights_bytes", $"weights in {type.Name}", plan.WeightBytes, PlanUnit.Bytes, Formula(tensors, type)),
        ];
        if (tensors.Active != tensors.Parameters)
            lines.Insert(1, new("active_parameters", "computing one token", tensors.Active, PlanUnit.Count,
                "all but the experts that are not chosen; memory holds all of them"));
        foreach (var other in WeightType.All)
            lines.Add(new($"weights_bytes_by_dtype/{other.Name}", $"  in {other.Name}", tensors.Bytes(other), PlanUnit.Bytes,
                Formula(tensors, other)));
        return new PlanSection("Weights", lines);
    }

    private static string Formula(ModelTensors tensors, WeightType type)
    {
        var matrices = tensors.Groups.Where(group => group.IsMatrix).Sum(group => group.Parameters);
        var rest = tensors.Parameters - matrices;
        return type switch
        {
            { IsQuantized: false } => $"{Number(tensors.Parameters)} × {type.ElementBytes} B",
            { Bits: 4 } => $"{Number(matrices)} in layers' matrices × (4 bits + 20 bits a group of 128) + {Number(rest)} others × 2 B",
            _ => $"{Number(matrices)} in layers' matrices × 1 B + {Number(rest)} others × 2 B",
        };
    }
}
