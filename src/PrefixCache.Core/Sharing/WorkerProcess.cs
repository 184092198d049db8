namespace PrefixCache.Core.Sharing;

/// <summary>A process of this host that holds an arena: one object for as long as the process lives, whatever its sessions.</summary>
public sealed class WorkerProcess
{
    /// <param name="id">Its number as this node sees it, for the log.</param>
    public WorkerProcess(int id) => Id = id;

    public int Id { get; }

    /// <summary>It can write no more. Proven by its pidfd; a closed socket proves nothing. Protected by the node's lock.</summary>
    internal bool IsDead { get; set; }
}
