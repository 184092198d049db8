using PrefixCache.Core.Blocks;
using PrefixCache.Core.Eviction;
using PrefixCache.Core.Index;
using PrefixCache.Core.Layouts;
using PrefixCache.Core.Memory;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Statistics;
using PrefixCache.Core.Tiers.Host;

namespace PrefixCache.Core;

/// <summary>Everything that the node's one lock protects, and the lock.</summary>
/// <remarks>
/// One lock, held for microseconds: it covers walks over the tree, counts and lists, never a copy, a hash or a wait. It is the innermost
/// lock; nothing that could take another is called under it.
/// </remarks>
internal sealed class NodeState : IDisposable
{
    public NodeState(HostTierOptions host, ReservationLimits limits, TimeProvider time, SystemMemory? memory)
    {
        Limits = limits;
        Time = time;
        Layouts = new LayoutTable(limits.MaxLayouts);
        Store = new ChunkStore(new HostTier(host, memory), new LruEviction(), Namespaces, Counters);
        Reservations = new ReservationTable(this);
    }

    public Lock Gate { get; } = new();

    public ReservationLimits Limits { get; }

    public TimeProvider Time { get; }

    public CacheCounters Counters { get; } = new();

    public LayoutTable Layouts { get; }

    public NamespaceTable Namespaces { get; } = new();

    public ChunkStore Store { get; }

    public ReservationTable Reservations { get; }

    public Dictionary<SessionId, Session> Sessions { get; } = [];

    public void Dispose() => Store.Host.Dispose();
}
