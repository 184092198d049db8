using PrefixCache.Core.Claims;
using PrefixCache.Core.Eviction;
using PrefixCache.Core.Index;
using PrefixCache.Core.Pins;
using PrefixCache.Core.Planning;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Sharing;
using PrefixCache.Core.Tiers.Gpu;
using PrefixCache.Core.Tiers.Host;
using PrefixCache.Core.Tiers.Redis;

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

    /// <summary>A run of so many tokens within a chunk is a hit; 0 = whole chunks alone are.</summary>
    public int MinPartialTokens { get; init; } = 16;

    /// <summary>Tokens of chunks that were evicted or not admitted which each arena remembers, at 4 bytes.</summary>
    public long MaxGhostTokens { get; init; } = 6 << 20;

    public PinOptions Pins { get; init; } = new();

    /// <summary>A claim of which nothing is heard for so long ends.</summary>
    public TimeSpan ClaimTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Makes claims hold among several nodes; null = this one is alone. Outlives the node.</summary>
    public IFleetClaims? FleetClaims { get; init; }

    /// <summary>One of <see cref="EvictionPolicies.Names"/>.</summary>
    public string Eviction { get; init; } = EvictionPolicies.Default;

    /// <summary>The Redis that this node shares with others; null = none.</summary>
    public RedisOptions? Redis { get; init; }

    /// <summary>Device memory for the hottest chunks; null, or a capacity of nothing = none.</summary>
    public GpuOptions? Gpu { get; init; }

    /// <summary>Which new chunks are stored.</summary>
    public AdmissionMode Admission { get; init; } = AdmissionMode.Always;

    /// <summary>Whether lookups weigh loading against computing, where they do not say themselves.</summary>
    public LoadMode LoadMode { get; init; } = LoadMode.Auto;
}
