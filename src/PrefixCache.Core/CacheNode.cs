using PrefixCache.Core.Claims;
using PrefixCache.Core.Index;
using PrefixCache.Core.Layouts;
using PrefixCache.Core.Memory;
using PrefixCache.Core.Native.Posix;
using PrefixCache.Core.Pins;
using PrefixCache.Core.Planning;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Results;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Sharing;
using PrefixCache.Core.Statistics;
using PrefixCache.Core.Tiers.Gpu;
using PrefixCache.Core.Tiers.Redis;
using PrefixCache.Core.Transfers;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Core;

/// <summary>The cache of one node: everything behind the wire.</summary>
/// <remarks>
/// Thread-safe. Owns the host tier's memory, which is freed with the last transfer where one outlives the node. Its parts share one lock
/// (<see cref="NodeState"/>).
/// </remarks>
public sealed class CacheNode : IDisposable
{
    /// <summary>Of the node's instruments.</summary>
    public const string MeterName = CacheMetrics.MeterName;

    private readonly NodeState _state;
    private readonly CacheMetrics _metrics;
    private readonly ITimer _sweep;

    /// <exception cref="InsufficientHostMemoryException">The host tier does not fit into the machine's memory.</exception>
    public CacheNode(CacheNodeOptions options, TimeProvider? time = null, SystemMemory? memory = null)
    {
        _state = new NodeState(options, time ?? TimeProvider.System, memory);
        Sessions = new SessionRegistry(_state);
        Lookups = new LookupService(_state);
        Appends = new AppendService(_state);
        Retrieves = new RetrieveService(_state);
        Stores = new StoreService(_state);
        Sharing = new SharingService(_state);
        Pins = new PinService(_state, options.Pins);
        if (options.Redis is { Servers.Count: > 0 } redis) _state.Redis = new RedisTier(_state, redis);
        if (options.Gpu is { Capacity.IsOff: false } gpu) _state.Gpu = new GpuTier(_state, gpu);
        Prefetches = new PrefetchService(_state);
        Waits = new LookupWait(Lookups, _state.Time, _state.Redis, _state.Redis is not null || _state.Gpu is { Devices.Count: > 0 });
        // Other nodes compare tokens with what is claimed: not where none are to lie in Redis.
        var fleet = options.FleetClaims ?? (_state.Redis is { Options.MatchSiblings: true } shared ? shared.Claims : null);
        Claims = new ClaimService(_state, options.ClaimTimeout, fleet);
        _metrics = new CacheMetrics(this);
        // A timer takes periods up to 49 days; a maximum age may be longer.
        var period = TimeSpan.FromTicks(Math.Clamp(options.Limits.MaxAge.Ticks / 4, TimeSpan.TicksPerMillisecond, TimeSpan.TicksPerDay));
        _sweep = _state.Time.CreateTimer(_ => EndAgedReservations(), null, period, period);
        if (_state.Redis is null) return;
        _state.Redis.Cleared += () => Clear(() => [.. _state.Namespaces.DetachStale().SelectMany(Detach)]);
        _state.Redis.Start();
    }

    /// <summary>New at each start: what was stored before is gone when it changes.</summary>
    public Guid Incarnation { get; } = Guid.NewGuid();

    public LayoutTable Layouts => _state.Layouts;

    public SessionRegistry Sessions { get; }

    public LookupService Lookups { get; }

    public AppendService Appends { get; }

    public RetrieveService Retrieves { get; }

    public StoreService Stores { get; }

    public SharingService Sharing { get; }

    public PinService Pins { get; }

    /// <summary>Lookups that may wait for what is pending.</summary>
    public LookupWait Waits { get; }

    public ClaimService Claims { get; }

    public PrefetchService Prefetches { get; }

    /// <summary>The Redis tier as operators see it; null = there is none.</summary>
    public RedisStatus? Redis => _state.Redis is { } redis ? new RedisStatus(redis) : null;

    /// <summary>The gpu tier as operators see it; null = there is none.</summary>
    public GpuStatus? Gpu => _state.Gpu is { } gpu ? new GpuStatus(_state, gpu) : null;

    public LoadPlanner Planner => _state.Planner;

    public CacheCounters Counters => _state.Counters;

    /// <summary>What each tenant's engines asked of each model.</summary>
    public UsageTable Usage => _state.Usage;

    public ReservationLimits Limits => _state.Limits;

    /// <summary>Payload bytes of the host tier, over all arenas.</summary>
    public long HostCapacityBytes => _state.Domains.All.Sum(domain => domain.Host.CapacityBytes);

    /// <summary>Which pages each arena lies in.</summary>
    public IReadOnlyList<HugePageUse> HostPages => [.. _state.Domains.All.Select(domain => domain.Host.Arena.Pages)];

    /// <summary>What becomes of pinning each arena, in the background; empty = not asked for, or not needed.</summary>
    public IReadOnlyList<Task<MemoryLockResult>> HostPinning =>
        [.. _state.Domains.All.Select(domain => domain.Host.Pinning).OfType<Task<MemoryLockResult>>()];

    /// <summary>Makes one namespace of the session's tenant unfindable.</summary>
    /// <returns>Complete chunks taken out.</returns>
    public Result<int> ClearNamespace(Session session, KvLayout layout, string salt, string adapter)
    {
        if (NamespaceKey.CheckNames(salt, adapter) is { } error) return error;
        var key = new NamespaceKey(session.Instance.Tenant, salt, adapter, layout.Id);
        return Clear(() => _state.Namespaces.Detach(key) is { } tree ? Detach(tree) : []);
    }

    /// <summary>Makes every namespace of the session's tenant unfindable.</summary>
    /// <returns>Complete chunks taken out.</returns>
    public int ClearTenant(Session session) =>
        Clear(() => [.. _state.Namespaces.DetachTenant(session.Instance.Tenant).SelectMany(Detach)]);

    public CacheSnapshot Snapshot()
    {
        lock (_state.Gate)
        {
            var domains = _state.Domains.All;
            var stores = domains.Select(domain => domain.Store).ToList();
            return new CacheSnapshot
            {
                Sessions = _state.Sessions.Count,
                Reservations = _state.Reservations.Count,
                ReservedTokens = _state.Reservations.Tokens,
                Namespaces = _state.Namespaces.Count,
                Leases = stores.Sum(store => store.Leases),
                WritingBlocks = stores.Sum(store => store.WritingBlocks),
                QuarantinedBlocks = domains.Sum(domain => domain.Quarantine.Blocks),
                QuarantinedBytes = domains.Sum(domain => domain.Quarantine.Bytes),
                Chunks = stores.Sum(store => store.Chunks),
                Blocks = domains.Sum(domain => domain.Host.Blocks),
                CapacityBytes = domains.Sum(domain => domain.Host.CapacityBytes),
                UsedBytes = domains.Sum(domain => domain.Host.UsedBytes),
                AllocatedBytes = domains.Sum(domain => domain.Host.AllocatedBytes),
                WastedBytes = domains.Sum(domain => domain.Host.WastedBytes),
                Ghosts = stores.Sum(store => store.Ghosts.Count),
                BranchPointsPending = _state.Copier.Pending,
                Claims = _state.Claims.Active,
                ClaimsWaiting = _state.Claims.Waiting,
                PinnedChunks = stores.Sum(store => store.PinnedChunks),
                PinnedBytes = stores.Sum(store => store.PinnedBytes),
                Records = domains.Sum(domain => domain.Host.Records.Count),
            };
        }
    }

    private IReadOnlyList<ChunkNode> Detach(NamespaceTree tree)
    {
        Pins.EndOf(tree);
        _state.Claims.EndOf(tree);
        return tree.DetachAll();
    }

    /// <summary>Takes chunks out of the index at once, and frees them a part at a time, so that others get the lock in between.</summary>
    private int Clear(Func<IReadOnlyList<ChunkNode>> detach)
    {
        const int ChunksPerHold = 256;
        IReadOnlyList<ChunkNode> chunks;
        int complete;
        lock (_state.Gate)
        {
            if (_state.IsDisposed) return 0;
            chunks = detach();
            complete = chunks.Count(chunk => chunk.IsComplete);
        }

        foreach (var part in chunks.Chunk(ChunksPerHold))
        {
            lock (_state.Gate)
            {
                if (!_state.IsDisposed) part[0].Tree.Store.Free(part);
            }
        }

        return complete;
    }

    /// <summary>Ends reservations that nobody used for the maximum age; called by a timer.</summary>
    public int EndAgedReservations()
    {
        lock (_state.Gate) return _state.IsDisposed ? 0 : _state.Reservations.EndAged();
    }

    /// <summary>Ends what goes on with Redis and with devices. Before <see cref="Dispose"/>.</summary>
    public async Task StopAsync()
    {
        if (_state.Redis is { } redis) await redis.DisposeAsync();
        if (_state.Gpu is { } gpu) await Task.Run(gpu.Dispose);
    }

    public void Dispose()
    {
        _sweep.Dispose();
        Pins.Dispose();
        Claims.Dispose();
        _metrics.Dispose();
        _state.Gpu?.Dispose();
        // Disposing a timer does not wait for its callback, which looks whether the state is disposed.
        lock (_state.Gate) _state.Dispose();
    }
}
