namespace PrefixCache.Cli.Plan.Output;

/// <summary>What a figure counts.</summary>
internal enum PlanUnit
{
    Count,
    Bytes,
    Flops,
    Seconds,
    Share,
    PerSecond,
}
