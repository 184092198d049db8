using PrefixCache.Cli.Plan.Gpus;
using PrefixCache.Cli.Plan.Models;

namespace PrefixCache.Cli.Plan.Arithmetic;

/// <summary>How the memory of each GPU is spent when so many share a copy of the model.</summary>
internal sealed record GpuBudget
{
    public GpuBudget(PlanSetup setup, GpuFacts gpu, ModelTensors tensors, int ranks)
    {
        (Ranks, Setup) = (ranks, setup);
        UsableBytes = (long)Math.Floor(gpu.Bytes * (1 - setup.Headroom));
        WeightBytes = tensors.RankBytes(setup.WeightType, ranks);
        StepBytes = new ActivationCost(setup.Model, setup.WeightType).StepBytes(setup.StepTokens, ranks);
        var rest = UsableBytes - WeightBytes - StepBytes - setup.OverheadBytes;
        KvBytes = rest <= 0 ? 0 : (long)Math.Floor(rest * (1 - setup.Fragmentation));
    }

    /// <summary>GPUs of one copy of the model: the tensor-parallel size.</summary>
    public int Ranks { get; }

    public PlanSetup Setup { get; }

    /// <summary>The device without its headroom.</summary>
    public long UsableBytes { get; }

    public long WeightBytes { get; }

    public long StepBytes { get; }

    /// <summary>What is left for the KV and logits of requests; 0 = the weights do not fit.</summary>
    public long KvBytes { get; }

    public long AtWorst => Fits(RequestBytes(Setup.Request));

    /// <summary>Where memory is contiguous a request takes as much as the longest.</summary>
    public long OnAverage => Setup.Request.IsPaged ? Fits(RequestBytes(Setup.AverageRequest)) : AtWorst;

    /// <summary>KV and logits of a request on each GPU.</summary>
    public long RequestBytes(RequestShape request) => new KvCost(Setup.Model, Setup.KvType).RankRequestBytes(request, Ranks)
        + new ActivationCost(Setup.Model, Setup.WeightType).RequestLogitBytes(request);

    /// <summary>Bytes of each GPU with so many requests.</summary>
    public long Used(long requests, RequestShape request) =>
        WeightBytes + StepBytes + Setup.OverheadBytes + (long)Math.Ceiling(requests * RequestBytes(request) / (1 - Setup.Fragmentation));

    private long Fits(long bytes) => KvBytes / bytes;
}
