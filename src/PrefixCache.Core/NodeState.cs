using PrefixCache.Core.Blocks;
using PrefixCache.Core.Claims;
using PrefixCache.Core.Eviction;
using PrefixCache.Core.Index;
using PrefixCache.Core.Layouts;
using PrefixCache.Core.Memory;
using PrefixCache.Core.Planning;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Sharing;
using PrefixCache.Core.Statistics;
using PrefixCache.Core.Tiers.Gpu;
using PrefixCache.Core.Tiers.Host;
using PrefixCache.Core.Tiers.Redis;

namespace PrefixCache.Core;

/// <summary>Everything that the node's one lock protects, and the lock.</summary>
/// <remarks>
/// One lock, held for microseconds: it covers walks over the tree, counts and lists, never a copy, a hash or a wait. It is the innermost
/// lock; nothing that could take another is called under it.
/// </remarks>
internal sealed class NodeState : IDisposable
{
    public NodeState(CacheNodeOptions options, TimeProvider time, SystemMemory? memory)
    {
        Limits = options.Limits;
        Time = time;
        Layouts = new LayoutTable(Limits.MaxLayouts);
        Domains = MakeDomains(options, memory);
        Namespaces = new NamespaceTable(Domains, time);
        Reservations = new ReservationTable(this);
        Planner = new LoadPlanner(options.LoadMode, time);
        Sealer = new BlockSealer(this);
        Copier = new BranchPointCopier(this);
        MinPartialTokens = options.MinPartialTokens;
        Claims = new ClaimTable(time, options.MinPartialTokens, Counters);
        foreach (var store in Domains.All.Select(domain => domain.Store))
        {
            store.Claims = Claims;
            store.Branches = new BranchPointPlanner(store, options.MinPartialTokens, Counters, Copier.TryAdd);
        }
    }

    public Lock Gate { get; } = new();

    public ReservationLimits Limits { get; }

    public TimeProvider Time { get; }

    public CacheCounters Counters { get; } = new();

    public UsageTable Usage { get; } = new();

    public LayoutTable Layouts { get; }

    /// <summary>The arenas, each with its chunks.</summary>
    public TrustDomainTable Domains { get; }

    public NamespaceTable Namespaces { get; }

    public ReservationTable Reservations { get; }

    /// <summary>What the nodes share; null = this one is alone.</summary>
    public RedisTier? Redis { get; set; }

    /// <summary>What lies on devices too; null = nothing.</summary>
    public GpuTier? Gpu { get; set; }

    /// <summary>What is being computed, and who waits for it.</summary>
    public ClaimTable Claims { get; }

    /// <summary>Has locks of its own, which are not to be taken under the gate.</summary>
    public LoadPlanner Planner { get; }

    public BlockSealer Sealer { get; }

    public BranchPointCopier Copier { get; }

    /// <summary>A run of so many tokens within a chunk is a hit; 0 = whole chunks alone are.</summary>
    public int MinPartialTokens { get; }

    public Dictionary<SessionId, Session> Sessions { get; } = [];

    /// <summary>Numbers that name grants: random, for who knows one may settle it.</summary>
    public IdSource Grants { get; } = new();

    /// <summary>The node has stopped: no transfer may begin.</summary>
    public bool IsDisposed { get; private set; }

    /// <summary>Transfers that read or write the host tier's memory now. Changed under the lock.</summary>
    public int Transfers { get; private set; }

    public void BeginTransfer() => Transfers++;

    public void EndTransfer()
    {
        if (--Transfers == 0 && IsDisposed) Domains.Dispose();
    }

    /// <summary>
    /// Frees the arenas; with the last transfer where one still runs, for unmapped memory under a copy ends the process.
    /// </summary>
    public void Dispose()
    {
        if (IsDisposed) return;

        // Their leases end while what they keep is there: sessions may end later, and so may lookups that are repeated.
        Reservations.EndAll();
        IsDisposed = true;
        Sealer.Dispose();
        Copier.Dispose();
        if (Transfers == 0) Domains.Dispose();
    }

    private TrustDomainTable MakeDomains(CacheNodeOptions options, SystemMemory? memory)
    {
        var made = new List<TrustDomain>();
        try
        {
            made.Add(Make(options.Host, options.ShareMainArena));
            foreach (var domain in options.TrustDomains)
                made.Add(Make(options.Host with { CapacityBytes = domain.CapacityBytes }, true));
            return new TrustDomainTable(made[0], [.. made.Skip(1).Zip(options.TrustDomains, (domain, named) => (domain, named.Tenants))]);
        }
        catch
        {
            foreach (var domain in made) domain.Dispose();
            throw;
        }

        TrustDomain Make(HostTierOptions host, bool share)
        {
            var tier = new HostTier(host, memory);
            var admission = new Admission(options.Admission, tier.CapacityBytes);
            var store = new ChunkStore(
                tier, EvictionPolicies.Make(options.Eviction), new GhostList(options.MaxGhostTokens), admission, Counters);
            return new TrustDomain(tier, store, share);
        }
    }
}
