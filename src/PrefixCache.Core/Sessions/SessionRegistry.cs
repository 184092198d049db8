using System.Text;
using PrefixCache.Core.Claims;
using PrefixCache.Core.Results;

namespace PrefixCache.Core.Sessions;

/// <summary>Opens and ends sessions. Thread-safe.</summary>
public sealed class SessionRegistry
{
    private const int MaxNameBytes = 256;

    private readonly NodeState _state;
    private readonly Dictionary<(string Tenant, string Id), Instance> _instances = [];

    internal SessionRegistry(NodeState state) => _state = state;

    public Result<Session> Open(SessionRequest request)
    {
        var name = Encoding.UTF8.GetByteCount(request.InstanceId);
        if (name is 0 or > MaxNameBytes)
            return CacheError.InvalidArgument($"instance_id has {name} bytes: 1 to {MaxNameBytes}; a random one per engine will do.");
        if (request.InstanceId.Any(char.IsControl))
            return CacheError.InvalidArgument($"instance_id has control characters: it stands in the log, use printable ones.");
        if (request is { Role: SessionRole.Rank, Rank: < 0 or >= Format.Layouts.LayoutValidator.MaxRanks })
            return CacheError.InvalidArgument($"rank is {request.Rank}: 0 to {Format.Layouts.LayoutValidator.MaxRanks - 1}.");
        if (request.Previous is { } previous && Find(previous) is { } old
            && (old.Instance.Tenant, old.Instance.Id) == (request.Tenant, request.InstanceId))
            End(old);
        lock (_state.Gate) return OpenUnsynchronized(request);
    }

    /// <summary>Null when there is no such session, or no longer.</summary>
    public Session? Find(SessionId id)
    {
        lock (_state.Gate) return _state.Sessions.GetValueOrDefault(id);
    }

    /// <summary>The session that a call names.</summary>
    public Result<Session> Find(ReadOnlySpan<byte> id) => SessionId.TryRead(id, out var sessionId) && Find(sessionId) is { } session
        ? session
        : CacheError.NotFound($"The session is unknown or has ended: open one, and keep its call alive.");

    /// <summary>
    /// Ends a session: a scheduler's end frees every reservation of its instance; a rank's end counts as its report for each of them.
    /// </summary>
    public void End(Session session)
    {
        lock (_state.Gate)
        {
            if (!_state.Sessions.Remove(session.Id)) return;
            EndUnsynchronized(session);
        }

        session.SignalEnded();
    }

    private Result<Session> OpenUnsynchronized(SessionRequest request)
    {
        if (_state.Sessions.Count >= _state.Limits.MaxSessions)
            return CacheError.ResourceExhausted($"{_state.Sessions.Count} sessions are open, the limit: raise max-sessions or close some.");
        var key = (request.Tenant, request.InstanceId);
        var instance = _instances.GetValueOrDefault(key) ?? new Instance(request.Tenant, request.InstanceId);
        var taken = request.Role == SessionRole.Scheduler ? instance.Scheduler : instance.Ranks.GetValueOrDefault(request.Rank);
        if (taken is not null)
        {
            var who = request.Role == SessionRole.Scheduler ? "scheduler" : FormattableString.Invariant($"rank {request.Rank}");
            return CacheError.AlreadyExists(
                $"Instance '{request.InstanceId}' has a session as {who}: give each engine its own, or name your lost session in previous_session.");
        }

        var session = new Session(instance, request);
        if (request.Role == SessionRole.Scheduler) instance.Scheduler = session;
        else instance.Ranks.Add(request.Rank, session);
        _instances[key] = instance;
        _state.Sessions.Add(session.Id, session);
        return session;
    }

    private void EndUnsynchronized(Session session)
    {
        var instance = session.Instance;
        var reservations = instance.Reservations.Values.ToList();
        if (session.Role == SessionRole.Scheduler)
        {
            instance.Scheduler = null;
            foreach (var reservation in reservations) _state.Reservations.End(reservation, ClaimEnd.SessionLost);
        }
        else
        {
            instance.Ranks.Remove(session.Rank);
            foreach (var done in reservations.Where(reservation => reservation.RankDone(session.Rank))) _state.Reservations.End(done);
        }

        if (instance.IsUnused) _instances.Remove((instance.Tenant, instance.Id));
    }
}
