using PrefixCache.Core.Reservations;
using PrefixCache.Core.Tiers.Host;

namespace PrefixCache.Core;

/// <summary>What a node's domain is made with.</summary>
public sealed record CacheNodeOptions
{
    public HostTierOptions Host { get; init; } = new();

    public ReservationLimits Limits { get; init; } = new();
}
