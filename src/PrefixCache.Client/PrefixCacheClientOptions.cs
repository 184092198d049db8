using System.Net.Security;
using PrefixCache.Format.Devices;

namespace PrefixCache.Client;

/// <summary>What this process is in its engine.</summary>
public enum WorkerRole
{
    /// <summary>Looks up and releases; in an engine of one process it loads and stores too.</summary>
    Scheduler,

    /// <summary>Loads and stores the shards of one rank.</summary>
    Rank,
}

/// <summary>How to reach the node, and who this process is.</summary>
public sealed record PrefixCacheClientOptions
{
    /// <summary>http://127.0.0.1:7420, https://…, or unix:///run/prefixcache.sock.</summary>
    public required string Address { get; init; }

    /// <summary>Names the engine: the same in all its processes, different from every other engine's. Random when not given.</summary>
    public string InstanceId { get; init; } = Guid.NewGuid().ToString("N");

    public WorkerRole Role { get; init; } = WorkerRole.Scheduler;

    /// <summary>This process's rank, when its role is <see cref="WorkerRole.Rank"/>.</summary>
    public int Rank { get; init; }

    /// <summary>Which of the token's tenants to work for; empty = its first.</summary>
    public string Tenant { get; init; } = "";

    /// <summary>Bearer token; empty = none.</summary>
    public string Token { get; init; } = "";

    /// <summary>Throw what goes wrong instead of turning it into a miss: for tests, not for the inference path.</summary>
    public bool Strict { get; init; }

    /// <summary>How long a lookup, an append or a release may take before it counts as a miss.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long one retrieve or store may take.</summary>
    public TimeSpan TransferTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How long opening a session may take: a node that takes the call and never answers, as a stopped process does, is no node.
    /// </summary>
    public TimeSpan OpenTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Shortest wait before the next attempt to connect; it doubles up to <see cref="MaxReconnectDelay"/>.</summary>
    public TimeSpan MinReconnectDelay { get; init; } = TimeSpan.FromMilliseconds(50);

    public TimeSpan MaxReconnectDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Map the node's memory where both are on one host; false = payload always travels in streams.</summary>
    public bool SharedMemory { get; init; } = true;

    /// <summary>
    /// The device (GPU) that this process computes on: KV goes from and to its memory without a way through the caller's host memory, and
    /// within the device where the node keeps some there. Null = none. Stays the caller's, who disposes it after the client and after the
    /// last transfer.
    /// </summary>
    public IDevice? Device { get; init; }

    /// <summary>This process never stores: StoreAsync does nothing, and the node's memory is mapped for reading only.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Check the checksums of what was retrieved, where there are some; not of what a device copies, which no processor
    /// sees.</summary>
    public bool VerifyChecksums { get; init; } = true;

    /// <summary>
    /// Leave the cache alone for <see cref="PauseTime"/> when the last lookups, waits and loads cost more than they saved. It takes what
    /// this process reports of computing to know: without such reports there is no pause.
    /// </summary>
    public bool PauseWhenUseless { get; init; } = true;

    /// <summary>How long a pause lasts. Meanwhile nothing is looked up and nothing of those prompts is stored.</summary>
    public TimeSpan PauseTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How much more than it saves the cache may cost, as a share of the time that this process computes, before it is paused. Not 0, for a
    /// cache that is new saves nothing yet, and asking it takes a small part of the time that computing does.
    /// </summary>
    public double PauseLoss { get; init; } = 0.02;

    /// <summary>For https addresses: own certificate authority, client certificate.</summary>
    public SslClientAuthenticationOptions? Tls { get; init; }

    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
