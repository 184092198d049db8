using PrefixCache.Core.Reservations;

namespace PrefixCache.Core.Sessions;

/// <summary>One inference engine: a scheduler process and its rank processes. Protected by the node's lock.</summary>
public sealed class Instance
{
    internal Instance(string tenant, string id) => (Tenant, Id) = (tenant, id);

    public string Tenant { get; }

    public string Id { get; }

    internal Session? Scheduler { get; set; }

    internal Dictionary<int, Session> Ranks { get; } = [];

    /// <summary>By request id.</summary>
    internal Dictionary<string, Reservation> Reservations { get; } = new(StringComparer.Ordinal);

    internal bool IsUnused => Scheduler is null && Ranks.Count == 0;
}
