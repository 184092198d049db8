using PrefixCache.Core.Reservations;
using PrefixCache.Core.Sharing;
using PrefixCache.Core.Tiers.Host;

namespace PrefixCache.Core;

/// <summary>What a node's domain is made with.</summary>
public sealed record CacheNodeOptions
{
    /// <summary>The main arena, and what the others have in common with it.</summary>
    public HostTierOptions Host { get; init; } = new();

    /// <summary>
    /// Workers of this host may map the main arena: only where one tenant alone uses it, or all that do trust one another.
    /// </summary>
    public bool ShareMainArena { get; init; } = true;

    /// <summary>Further arenas, each with the tenants that share it.</summary>
    public IReadOnlyList<TrustDomainOptions> TrustDomains { get; init; } = [];

    public ReservationLimits Limits { get; init; } = new();
}
