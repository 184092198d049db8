namespace PrefixCache.Core.Memory;

/// <summary>What an <see cref="Arena"/> is made with.</summary>
public sealed record ArenaOptions
{
    /// <summary>Payload bytes, at least 4,096; rounded down to whole pages, up to whole ones from a pool.</summary>
    public required long CapacityBytes { get; init; }

    /// <summary>Part of the available memory that stays free for everything else in the cgroup or machine, 0 to below 1.</summary>
    public double HeadroomFraction { get; init; } = 0.05;

    /// <summary>Which pages it lies in.</summary>
    public HugePages HugePages { get; init; }

    /// <summary>False makes an arena of any size on any machine, for simulations that touch none of it.</summary>
    internal bool ReserveMemory { get; init; } = true;
}
