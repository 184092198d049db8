namespace PrefixCache.Server.Options;

/// <summary>How workers of this host get the memory that KV lies in.</summary>
public sealed record SharedMemoryOptions
{
    /// <summary>Hand it out at all.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>
    /// Path of the Unix socket that hands it out; empty = a name of its own in Linux's abstract namespace, which containers do not share.
    /// </summary>
    public string Socket { get; init; } = "";

    /// <summary>Users, by number, whose processes may map it beside the node's own user and root.</summary>
    public IReadOnlyList<uint> Users { get; init; } = [];
}
