namespace PrefixCache.Cli.Plan;

/// <summary>The options of `prefixcache plan` as they were given; null = not given.</summary>
internal sealed record PlanOptions
{
    public string? Model { get; init; }

    public string? Parameters { get; init; }

    public string? Type { get; init; }

    public string? KvType { get; init; }

    public string? Gpu { get; init; }

    public string? Gpus { get; init; }

    public string? Teraflops { get; init; }

    public string? Utilization { get; init; }

    public string? Context { get; init; }

    public string? AverageContext { get; init; }

    public string? Output { get; init; }

    public string? Samples { get; init; }

    public string? Beams { get; init; }

    public bool IsContiguous { get; init; }

    public string? BlockTokens { get; init; }

    public string? Fragmentation { get; init; }

    public string? Headroom { get; init; }

    public string? Overhead { get; init; }

    public string? StepTokens { get; init; }

    public string? Users { get; init; }

    public string? Prefix { get; init; }

    public string? Prefixes { get; init; }

    public string? HitRate { get; init; }

    public string? PerUserGigabytes { get; init; }

    public string? BufferGigabytes { get; init; }

    public bool Json { get; init; }

    public bool Markdown { get; init; }
}
