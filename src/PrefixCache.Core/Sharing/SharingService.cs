using PrefixCache.Core.Memory;
using PrefixCache.Core.Results;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Transfers;

namespace PrefixCache.Core.Sharing;

/// <summary>Which process may map which arena, where hits lie in it, and what becomes of writers that are cut off. Thread-safe.</summary>
public sealed class SharingService
{
    private readonly NodeState _state;

    internal SharingService(NodeState state) => _state = state;

    /// <summary>The arena that the tenant's workers may map; null = none.</summary>
    public Arena? ArenaOf(string tenant) => _state.Domains.Of(tenant) is { IsShared: true } domain ? domain.Host.Arena : null;

    /// <summary>Gives a session's process what it may map. From now on the session's lookups and stores may use extents.</summary>
    public Result<ArenaAccess> Attach(Session session, WorkerProcess process)
    {
        lock (_state.Gate)
        {
            if (_state.IsDisposed || !_state.Sessions.ContainsKey(session.Id))
                return CacheError.NotFound($"The session has ended: open one.");
            var domain = _state.Domains.Of(session.Instance.Tenant);
            if (!domain.IsShared)
            {
                return CacheError.FailedPrecondition(
                    $"Tenant '{session.Instance.Tenant}' is in no trust domain, so its KV travels in streams: name it in trust-domains.");
            }

            // The node must know which process writes under the session's grants.
            if (session.Process is { IsDead: false } holder && holder != process)
                return CacheError.FailedPrecondition(
                    $"Process {holder.Id} holds the arena under this session: each process opens a session of its own.");
            if (process.IsDead) return CacheError.FailedPrecondition($"Process {process.Id} is dead.");
            if (session.Process != process) session.Gpu = null;
            session.Process = process;
            return new ArenaAccess(domain.Host.Arena, domain.Host.Control, !session.IsReadOnly);
        }
    }

    /// <summary>The device memory that the tenant's workers may map, in the order in which <see cref="AttachGpu"/> counts it.</summary>
    public IReadOnlyList<GpuAccess> GpusOf(string tenant) => _state.Gpu is { } gpu && _state.Domains.Of(tenant) is { IsShared: true } domain
        ? [.. gpu.ArenasOf(domain).Select(arena => new GpuAccess(arena))]
        : [];

    /// <summary>Gives a session's process, which holds the host arena, the memory of one device as well.</summary>
    /// <param name="number">Of <see cref="GpusOf"/>, from 1 on.</param>
    public Result<GpuAccess> AttachGpu(Session session, WorkerProcess process, int number)
    {
        var all = GpusOf(session.Instance.Tenant);
        if (number < 1 || number > all.Count)
            return CacheError.InvalidArgument($"There is no device memory {number}: SessionOpened.devices lists {all.Count}.");
        var access = all[number - 1];
        lock (_state.Gate)
        {
            if (_state.IsDisposed || !_state.Sessions.ContainsKey(session.Id))
                return CacheError.NotFound($"The session has ended: open one.");
            if (session.Process != process)
                return CacheError.FailedPrecondition($"The session's process does not hold the host arena: get that first.");
            if (!access.Arena.IsOn) return CacheError.FailedPrecondition($"The device is off: {access.Arena.Device.Cause}");
            session.Gpu = access.Arena;
            return access;
        }
    }

    /// <summary>Where the hit of one shard lies, for a rank whose scheduler looked up.</summary>
    public Result<LocatedShard> Locate(Session session, ulong reservationId, int shard)
    {
        lock (_state.Gate)
        {
            if (!_state.Reservations.Find(session, reservationId).Succeeded(out var reservation, out var error)) return error;
            if (ShardAccess.CheckLoad(reservation.Tree.Layout, session, shard) is { } fault) return fault;
            if (session.Process is null)
                return CacheError.FailedPrecondition($"The session holds no arena: get it from the node's socket first, or use Retrieve.");
            reservation.Located(session);
            return reservation.Locate(session, shard);
        }
    }

    /// <summary>The writer of a grant whose store was cut off says that it has stopped.</summary>
    public CacheError? Settle(Session session, ulong grant)
    {
        lock (_state.Gate)
        {
            return !_state.IsDisposed && _state.Domains.Of(session.Instance.Tenant).Quarantine.TrySettle(grant)
                ? null
                : CacheError.NotFound($"Nothing is quarantined under this grant: it was settled before, or its store ended in order.");
        }
    }

    /// <summary>The process is dead, as its pidfd has proven: it writes no more.</summary>
    public void Ended(WorkerProcess process)
    {
        lock (_state.Gate)
        {
            process.IsDead = true;
            if (_state.IsDisposed) return;
            foreach (var domain in _state.Domains.All) domain.Quarantine.Settle(process);
        }
    }
}
