namespace PrefixCache.Core.Sessions;

public enum SessionRole
{
    /// <summary>Looks up and releases; in an engine of one process it loads and stores every shard too.</summary>
    Scheduler,

    /// <summary>Loads and stores the shards of one rank.</summary>
    Rank,
}

/// <summary>What a process says of itself when it opens a session.</summary>
/// <param name="Tenant">From the caller's credential.</param>
/// <param name="InstanceId">Names the engine among the tenant's.</param>
/// <param name="Role">What the process does.</param>
/// <param name="Rank">Its rank; of no meaning for a scheduler.</param>
/// <param name="Previous">A session of the same process that this one replaces.</param>
/// <param name="IsReadOnly">It never stores.</param>
/// <param name="TakesCuts">It stores fewer tokens of a chunk than it offered, where the node says so.</param>
public sealed record SessionRequest(
    string Tenant, string InstanceId, SessionRole Role, int Rank = 0, SessionId? Previous = null, bool IsReadOnly = false,
    bool TakesCuts = true);
