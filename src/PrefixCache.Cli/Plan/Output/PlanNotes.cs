using PrefixCache.Cli.Plan.Arithmetic;
using static PrefixCache.Cli.Plan.Output.PlanText;

namespace PrefixCache.Cli.Plan.Output;

/// <summary>What the figures do not say by themselves.</summary>
internal static class PlanNotes
{
    /// <summary>What engines leave free that page their KV; above it memory lies idle.</summary>
    private const double UsualHeadroom = 0.1;

    private const int HostGpus = 8;

    public static IEnumerable<string> Of(KvPlan plan)
    {
        var setup = plan.Setup;
        foreach (var note in setup.Model.Notes) yield return note;
        if (setup.Model.MaxContext < setup.Request.Context)
            yield return $"The model was made for {Number(setup.Model.MaxContext.Value)} tokens; a context of "
                + $"{Number(setup.Request.Context)} is more.";
        if (setup.Gpu is not null && plan.Chosen is null or { AtWorst: 0 })
            yield return "Not one request fits: " + (plan.Needed is { } needed
                ? $"{needed.Gpus} GPUs are needed." : "fewer bits (--dtype), a shorter --context or a larger GPU.");
        if (plan.Chosen is { AtWorst: > 0 } chosen) foreach (var note in Fitting(plan, chosen)) yield return note;
        if (setup.Prefix is null)
            yield return "Without shared prefixes a cache does not help. With --prefix TOKENS --hit-rate SHARE the plan says what they "
                + "give back.";
        else if (plan.Gain is { FlopsPerSecond: > 0 } gain && gain.SavedSeconds(Core.Planning.LoadSource.SharedMemory) == 0)
            yield return "Computing the prefix is faster than loading it, even from shared memory: here a cache gives back memory at most.";
        if (!setup.Request.IsPaged)
            yield return "Contiguous memory loses 20 to 30 % between requests and all that a request does not use; paged memory under 4 %.";
    }

    private static IEnumerable<string> Fitting(KvPlan plan, Deployment chosen)
    {
        var setup = plan.Setup;
        if (chosen.Budget.Ranks > HostGpus)
            yield return $"{chosen.Budget.Ranks} GPUs for one copy are more than a host has: ranks talk over the network.";
        if (setup.Users is { } users && setup.Gpus is not null && chosen.AtWorst < users)
            yield return $"{Number(users)} requests do not fit at worst: {Number(chosen.AtWorst)} do. "
                + (plan.Needed is { } needed ? $"{needed.Gpus} GPUs hold them." : "");
        if (setup.Request.IsPaged && setup.Headroom > UsualHeadroom && setup.Gpu is { } gpu)
        {
            var tighter = new GpuBudget(setup with { Headroom = UsualHeadroom }, gpu, plan.Tensors, chosen.Budget.Ranks);
            yield return $"Engines that page their KV get along with 5 to 10 % of headroom: --headroom 10% fits "
                + $"{Number(chosen.Replicas * tighter.AtWorst)} "
                + $"requests at worst, in place of {Number(chosen.AtWorst)}.";
        }

        var doubled = new GpuBudget(setup with { Request = setup.Request with { Context = 2 * setup.Request.Context } }, setup.Gpu!,
            plan.Tensors, chosen.Budget.Ranks);
        yield return $"Context length eats the memory: with twice the context {Number(chosen.Replicas * doubled.AtWorst)} fit at worst.";
    }
}
