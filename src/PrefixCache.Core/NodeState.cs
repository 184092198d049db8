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

    /// <summary>The node has stopped: no transfer may begin.</summary>
    public bool IsDisposed { get; private set; }

    /// <summary>Transfers that read or write the host tier's memory now. Changed under the lock.</summary>
    public int Transfers { get; private set; }

    public void BeginTransfer() => Transfers++;

    public void EndTransfer()
    {
        if (--Transfers == 0 && IsDisposed) Store.Host.Dispose();
    }

    /// <summary>
    /// Frees the host tier; with the last transfer where one still runs, for unmapped memory under a copy ends the process.
    /// </summary>
    public void Dispose()
    {
        if (IsDisposed) return;
        IsDisposed = true;
        if (Transfers == 0) Store.Host.Dispose();
    }
}
