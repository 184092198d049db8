namespace PrefixCache.Core.Tiers.Redis;

/// <summary>The Redis that nodes share, and how this one uses it.</summary>
public sealed record RedisOptions
{
    /// <summary>Servers to begin with: one, a master and its replicas, or some of a cluster; empty = no Redis tier.</summary>
    public IReadOnlyList<RedisAddress> Servers { get; init; } = [];

    /// <summary>ACL user; empty = the default one.</summary>
    public string User { get; init; } = "";

    /// <summary>Empty = none.</summary>
    public string Password { get; init; } = "";

    public RedisTls Tls { get; init; } = new();

    /// <summary>What every key begins with.</summary>
    public string Prefix { get; init; } = "prefixcache";

    /// <summary>Chunks that nobody loads for so long go.</summary>
    public TimeSpan TimeToLive { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Nothing is written to a server of which more than this part is used, where it evicts nothing by itself.</summary>
    public double MaxMemoryShare { get; init; } = 0.9;

    /// <summary>Which chunks are written.</summary>
    public RedisWritePolicy Write { get; init; } = RedisWritePolicy.Through;

    /// <summary>A lookup waits for Redis no longer.</summary>
    public TimeSpan LookupBudget { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Keep, behind each chunk, the tokens of those that follow, so that a chunk that shares only its first ones is found.</summary>
    public bool MatchSiblings { get; init; } = true;

    /// <summary>Connections for payload, to each server.</summary>
    public int Connections { get; init; } = 2;

    /// <summary>Chunks that may wait for being loaded or written, each.</summary>
    public int MaxQueued { get; init; } = 1024;

    /// <summary>A server that moves no byte for so long is away.</summary>
    public TimeSpan TimeOut { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Most bytes in one value.</summary>
    public int PartBytes { get; init; } = 4 << 20;
}
