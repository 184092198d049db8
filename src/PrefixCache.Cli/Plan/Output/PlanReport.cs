using PrefixCache.Cli.Plan.Arithmetic;

namespace PrefixCache.Cli.Plan.Output;

/// <summary>A plan as sections of lines; every form of output is made from it.</summary>
internal sealed record PlanReport(string Title, IReadOnlyList<string> Sources, IReadOnlyList<PlanSection> Sections,
    IReadOnlyList<string> Notes)
{
    public static PlanReport Of(KvPlan plan)
    {
        var setup = plan.Setup;
        var sections = new List<PlanSection> { WeightSection.Of(plan), KvSection.Of(plan) };
        if (setup.Gpu is not null) sections.AddRange([MemorySection.Of(plan), FitSection.Of(plan)]);
        if (plan.Gain is not null) sections.AddRange([GainSection.Of(plan), TierSection.Of(plan)]);
        if (setup.Rule is not null) sections.Add(RuleSection.Of(plan));
        var title = setup.Model.Name + (setup.Gpu is { } gpu ? $" on {gpu.Name}" : "");
        List<string> sources = [$"Model: {setup.Model.Source}."];
        if (setup.Gpu is not null) sources.Add($"GPU: {setup.Gpu.Source}.");
        return new PlanReport(title, sources, sections, [.. PlanNotes.Of(plan)]);
    }
}
