using PrefixCache.Cli.Plan.Arithmetic;
using PrefixCache.Cli.Plan.Gpus;
using PrefixCache.Cli.Plan.Models;
using static PrefixCache.Cli.Plan.Output.PlanText;

namespace PrefixCache.Cli.Plan.Output;

/// <summary>What follows from a number of parameters alone.</summary>
internal static class CountReport
{
    public static PlanReport Of(long parameters, WeightType type, GpuFacts? gpu)
    {
        List<PlanLine> lines =
        [
            new("parameters", "parameters", parameters, PlanUnit.Count, "--parameters, as given"),
            Line("weights_bytes", $"weights in {type.Name}", parameters, type),
            .. WeightType.All.Select(other => Line($"weights_bytes_by_dtype/{other.Name}", $"  in {other.Name}", parameters, other)),
        ];
        if (gpu is not null)
        {
            var bytes = type.MatrixBytes(parameters);
            lines.Add(new("gpus_for_weights_alone", "GPUs for the weights alone", Deployment.ForWeightsAlone(bytes, gpu), PlanUnit.Count,
                $"{Bytes(bytes)} ÷ {Bytes(gpu.Bytes)}, rounded up: no headroom, no KV, heads not divided"));
        }

        List<string> sources = gpu is null ? [] : [$"GPU: {gpu.Source}."];
        return new PlanReport($"{Number(parameters)} parameters" + (gpu is null ? "" : $" on {gpu.Name}"), sources,
            [new PlanSection("Weights", lines)], ["KV and all else follow from the model's shapes: --model NAME or a config.json."]);
    }

    private static PlanLine Line(string key, string label, long parameters, WeightType type) => new(
        key, label, type.MatrixBytes(parameters), PlanUnit.Bytes, type.Bits == 4
            ? $"{Number(parameters)} × (4 bits + 20 bits a group of 128)" : $"{Number(parameters)} × {type.ElementBytes} B");
}
