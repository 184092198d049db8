using PrefixCache.Cli.Plan.Models;
using PrefixCache.Core.Planning;

namespace PrefixCache.Cli.Plan.Arithmetic;

/// <summary>What a shared prefix gives back.</summary>
internal sealed class PrefixGain
{
    private readonly PlanSetup _setup;
    private readonly SharedPrefixShape _prefix;

    public PrefixGain(PlanSetup setup, SharedPrefixShape prefix, ModelTensors tensors, Deployment? deployment)
    {
        (_setup, _prefix) = (setup, prefix);
        var prefill = new PrefillCost(setup.Model, tensors);
        PrefixFlops = prefill.Flops(prefix.Tokens);
        PromptFlops = prefill.Flops(setup.Request.Prompt);
        if (deployment is not { AtWorst: > 0 } fitting) return;
        Deployment = fitting;
        if (setup.Request.IsPaged) CountUsers(fitting);
        if (setup.Gpu is { FlopsPerSecond: > 0 } gpu) FlopsPerSecond = gpu.FlopsPerSecond * fitting.Budget.Ranks * setup.Utilization;
        RankPrefixBytes = new KvCost(setup.Model, setup.KvType).RankSharedBytes(prefix.Tokens, fitting.Budget.Ranks);
    }

    /// <summary>Null = the model does not fit, or no GPU was named.</summary>
    public Deployment? Deployment { get; }

    public double PrefixFlops { get; }

    public double PromptFlops { get; }

    /// <summary>Of a request, on average.</summary>
    public double SavedFlops => _prefix.HitRate * PrefixFlops;

    /// <summary>What one copy of the model reaches; 0 = not known.</summary>
    public double FlopsPerSecond { get; }

    public double PrefixSeconds => PrefixFlops / FlopsPerSecond;

    public double PromptSeconds => PromptFlops / FlopsPerSecond;

    /// <summary>KV of a prefix on each GPU, which its rank loads.</summary>
    public long RankPrefixBytes { get; }

    /// <summary>Tokens that lie in whole blocks: those requests can share.</summary>
    public long SharedTokens => _setup.Request.IsPaged ? Rounding.Down(_prefix.Tokens, _setup.Request.BlockTokens) : 0;

    /// <summary>Requests that fit at full context on average over hits and misses; never fewer than without sharing.</summary>
    public long Users { get; private set; }

    /// <summary>KV that the requests without sharing would no longer need, over all GPUs.</summary>
    public long SavedBytes { get; private set; }

    /// <summary>What a hit saves when it is loaded; where computing is faster, nothing.</summary>
    public double SavedSeconds(LoadSource source) => Math.Max(0, PrefixSeconds - LoadTime.Seconds(source, RankPrefixBytes));

    /// <summary>Seconds of prefill of a request on average, where hits are loaded.</summary>
    public double SecondsWith(LoadSource source) => PromptSeconds - (_prefix.HitRate * SavedSeconds(source));

    private void CountUsers(Deployment deployment)
    {
        var budget = deployment.Budget;
        var shared = new KvCost(_setup.Model, _setup.KvType).RankSharedBytes(SharedTokens, budget.Ranks);
        var each = budget.RequestBytes(_setup.Request) - (_prefix.HitRate * shared);
        var fitting = (long)Math.Floor((budget.KvBytes - ((double)_prefix.Count * shared)) / each);
        Users = deployment.Replicas * Math.Max(budget.AtWorst, fitting);
        var saved = (budget.AtWorst * _prefix.HitRate * shared) - ((double)_prefix.Count * shared);
        SavedBytes = deployment.Gpus * (long)Math.Floor(Math.Max(0, saved));
    }
}
