namespace PrefixCache.Core.Sharing;

/// <summary>The right of one process to write the wanted chunks of one store into the arena.</summary>
public sealed class WriteGrant
{
    internal WriteGrant(ulong id, TrustDomain domain, WorkerProcess process) => (Id, Domain, Process) = (id, domain, process);

    /// <summary>Names it when the writer says that it has stopped; not guessable.</summary>
    public ulong Id { get; }

    public Guid ArenaId => Domain.Host.Arena.Id;

    /// <summary>Who writes.</summary>
    public WorkerProcess Process { get; }

    internal TrustDomain Domain { get; }
}
