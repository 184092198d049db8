namespace PrefixCache.Cli.Plan.Output;

/// <summary>Figures that answer one question.</summary>
internal sealed record PlanSection(string Title, IReadOnlyList<PlanLine> Lines);
