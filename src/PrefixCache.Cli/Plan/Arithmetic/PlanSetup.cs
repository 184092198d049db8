using PrefixCache.Cli.Plan.Gpus;
using PrefixCache.Cli.Plan.Models;

namespace PrefixCache.Cli.Plan.Arithmetic;

/// <summary>What is planned for.</summary>
internal sealed record PlanSetup
{
    public required ModelShape Model { get; init; }

    public required WeightType WeightType { get; init; }

    public required WeightType KvType { get; init; }

    /// <summary>Null = weights and KV alone are asked for.</summary>
    public GpuFacts? Gpu { get; init; }

    /// <summary>GPUs that are there; null = as many as it takes.</summary>
    public int? Gpus { get; init; }

    public required RequestShape Request { get; init; }

    /// <summary>Tokens of the average request, output included.</summary>
    public required int AverageContext { get; init; }

    /// <summary>Share of a GPU's memory that is left free.</summary>
    public double Headroom { get; init; } = 0.2;

    /// <summary>Bytes of each GPU that neither weights nor KV nor activations account for.</summary>
    public long OverheadBytes { get; init; } = 1L << 30;

    /// <summary>Share of the KV's memory that is lost between requests.</summary>
    public double Fragmentation { get; init; }

    /// <summary>Tokens that the engine computes in one step at most.</summary>
    public int StepTokens { get; init; } = 8192;

    /// <summary>Share of a GPU's peak that prefill reaches.</summary>
    public double Utilization { get; init; } = 0.5;

    /// <summary>Requests at a time that are wanted; null = as many as fit.</summary>
    public int? Users { get; init; }

    public SharedPrefixShape? Prefix { get; init; }

    public RuleOfThumb? Rule { get; init; }

    /// <summary>The request of average length: a sample's output is shorter in proportion, rounded up.</summary>
    public RequestShape AverageRequest => Request with
    {
        Context = AverageContext,
        Output = (int)Rounding.Divide((long)Request.Output * AverageContext, Request.Context),
    };
}
