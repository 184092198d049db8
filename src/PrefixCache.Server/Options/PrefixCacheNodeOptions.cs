using PrefixCache.Core;
using PrefixCache.Core.Eviction;
using PrefixCache.Core.Index;
using PrefixCache.Core.Pins;
using PrefixCache.Core.Planning;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Sharing;
using PrefixCache.Core.Tiers.Gpu;
using PrefixCache.Core.Tiers.Host;
using PrefixCache.Core.Tiers.Redis;

namespace PrefixCache.Server.Options;

/// <summary>What a node is started with. docs/configuration.md lists every option by its name.</summary>
public sealed record PrefixCacheNodeOptions
{
    /// <summary>TCP end points, address:port each; port 0 takes a free one. Beyond loopback a token file is required.</summary>
    public IReadOnlyList<string> Listen { get; init; } = ["127.0.0.1:7420"];

    /// <summary>Path of a Unix socket to serve on too (mode 0600); empty = none.</summary>
    public string Socket { get; init; } = "";

    /// <summary>Where nobody has chosen another admin address.</summary>
    public const string DefaultAdmin = "127.0.0.1:7480";

    /// <summary>address:port of HTTP for operators; empty = none. Beyond loopback a token file is required.</summary>
    public string Admin { get; init; } = DefaultAdmin;

    /// <summary>File with bearer tokens; empty = none, every caller is tenant `default`.</summary>
    public string TokenFile { get; init; } = "";

    public HostTierOptions Host { get; init; } = new();

    /// <summary>Arenas of their own for tenants that trust one another; their workers on this host may map them.</summary>
    public IReadOnlyList<TrustDomainOptions> TrustDomains { get; init; } = [];

    public SharedMemoryOptions SharedMemory { get; init; } = new();

    public ReservationLimits Limits { get; init; } = new();

    /// <summary>A run of so many tokens within a chunk is a hit; 0 = whole chunks alone are.</summary>
    public int MinPartialTokens { get; init; } = 16;

    /// <summary>Tokens of chunks that were evicted or not admitted which each arena remembers.</summary>
    public long MaxGhostTokens { get; init; } = new CacheNodeOptions().MaxGhostTokens;

    /// <summary>Which chunk goes first: one of <see cref="EvictionPolicies.Names"/>.</summary>
    public string Eviction { get; init; } = EvictionPolicies.Default;

    /// <summary>Which new chunks are stored.</summary>
    public AdmissionMode Admission { get; init; } = AdmissionMode.Always;

    /// <summary>Whether lookups weigh loading against computing, where they do not say themselves.</summary>
    public LoadMode LoadMode { get; init; } = LoadMode.Auto;

    public PinOptions Pins { get; init; } = new();

    /// <summary>The Redis that nodes share; without servers there is none.</summary>
    public RedisOptions Redis { get; init; } = new();

    /// <summary>File with the password for Redis; empty = <see cref="RedisOptions.Password"/>.</summary>
    public string RedisPasswordFile { get; init; } = "";

    /// <summary>Device memory for the hottest chunks; off where its capacity is.</summary>
    public GpuOptions Gpu { get; init; } = new();

    /// <summary>A claim of which nothing is heard for so long ends.</summary>
    public TimeSpan ClaimTimeout { get; init; } = new CacheNodeOptions().ClaimTimeout;

    /// <summary>File that every lookup is noted in, hashed and without tokens, for <c>prefixcache replay</c>; empty = none.</summary>
    public string Record { get; init; } = "";

    /// <summary>A store that sends nothing for so long is ended and its memory freed.</summary>
    public TimeSpan StoreIdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A request of one message that takes the node longer to get is refused.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A caller that does not read for so long is cut off.</summary>
    public TimeSpan WriteStallTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>What running calls get to finish when the node shuts down.</summary>
    public TimeSpan DrainGrace { get; init; } = TimeSpan.FromSeconds(10);
}
