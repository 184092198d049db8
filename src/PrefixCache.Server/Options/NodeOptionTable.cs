using PrefixCache.Core.Eviction;
using PrefixCache.Core.Index;
using PrefixCache.Core.Memory;
using PrefixCache.Core.Planning;
using PrefixCache.Protocol;

namespace PrefixCache.Server.Options;

/// <summary>Every option of the node, once: command line, environment, file, help and the docs' check all read this table.</summary>
public static class NodeOptionTable
{
    private static readonly PrefixCacheNodeOptions Defaults = new();

    public static IReadOnlyList<NodeOption> All { get; } =
    [
        NodeOption.Text("listen", "address:port, comma-separated",
            "TCP end points; port 0 takes a free one. Beyond loopback token-file is required.",
            string.Join(',', Defaults.Listen),
            (options, text) =>
                options with { Listen = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) }),
        NodeOption.Text("socket", "path", "Unix socket to serve on too, with mode 0600; empty = none.", Defaults.Socket,
            (options, text) => options with { Socket = text }),
        NodeOption.Text("admin", "address:port",
            "HTTP for operators: /livez, /readyz, /metrics; empty = none. Beyond loopback it wants a token with the word admin.",
            Defaults.Admin, (options, text) => options with { Admin = text }),
        NodeOption.Text("token-file", "path",
            "File of bearer tokens, a line each: the token, then the tenants that it names (default: `default`); "
            + "empty = no credentials.", Defaults.TokenFile, (options, text) => options with { TokenFile = text }),
        NodeOption.Size("capacity", "Payload memory of the host tier, reserved at start.", Defaults.Host.CapacityBytes, 1 << 20,
            (options, bytes) => options with { Host = options.Host with { CapacityBytes = bytes } }),
        NodeOption.Parsed("huge-pages", "off, auto, 2MiB or 1GiB",
            "Which pages the host tier lies in: auto = transparent ones where the kernel gives them to shared memory; a size = from the "
            + "machine's pool, which must have enough.", "auto", ApplyHugePages),
        NodeOption.Switch("lock-pages", "Pin the host tier's memory where the limit on locked memory allows it.", Defaults.Host.LockPages,
            (options, on) => options with { Host = options.Host with { LockPages = on } }),
        NodeOption.Share(
            "high-watermark", "A store that would fill more of the host tier than this evicts first.", Defaults.Host.HighWatermark,
            (options, share) => options with { Host = options.Host with { HighWatermark = share } }),
        NodeOption.Share("low-watermark", "Eviction goes on until no more than this is filled.", Defaults.Host.LowWatermark,
            (options, share) => options with { Host = options.Host with { LowWatermark = share } }),
        NodeOption.Parsed("trust-domains", "NAME=SIZE:TENANT,TENANT; ...",
            "Arenas of their own for tenants that trust one another; their workers on this host may map them. Empty = none.", "",
            (text, options) => TrustDomainText.Parse(text) is var (domains, fault) && fault is null
                ? (options with { TrustDomains = domains }, null)
                : (options, fault)),
        NodeOption.Switch("shared-memory", "Let workers of this host map the memory that KV lies in.", Defaults.SharedMemory.Enabled,
            (options, on) => options with { SharedMemory = options.SharedMemory with { Enabled = on } }),
        NodeOption.Text("shared-memory-socket", "path",
            "Unix socket that hands the memory out; empty = an abstract name of its own, which containers do not share.",
            Defaults.SharedMemory.Socket, (options, text) => options with { SharedMemory = options.SharedMemory with { Socket = text } }),
        NodeOption.Parsed("shared-memory-users", "user numbers, comma-separated",
            "Users whose processes may map it beside the node's own user and root.", "", ApplyUsers),
        NodeOption.Share("max-quarantine", "Writers get no shared memory while more than this part of the arena is quarantined.",
            Defaults.Host.MaxQuarantine, (options, share) => options with { Host = options.Host with { MaxQuarantine = share } }),
        NodeOption.Switch("verify-commits", "Check the checksums that writers to shared memory supply, before a chunk becomes visible.",
            Defaults.Host.VerifyCommits, (options, on) => options with { Host = options.Host with { VerifyCommits = on } }),
        NodeOption.Number("max-blocks", "blocks", "Most blocks of the host tier (one per chunk and shard); 0 = one per 64 KiB of capacity.",
            Defaults.Host.MaxBlocks, 0, 1 << 24, (options, number) =>
                options with { Host = options.Host with { MaxBlocks = (int)number } }),
        NodeOption.Number("min-partial-tokens", "tokens",
            "The shortest run within a chunk that is a hit, and that a branch point adds to the one below it; 0 = whole chunks alone are hits.",
            Defaults.MinPartialTokens, 0, 4096, (options, number) => options with { MinPartialTokens = (int)number }),
        NodeOption.Parsed("eviction", string.Join(", ", EvictionPolicies.Names),
            "Which chunk goes first: the least recently used; S3-FIFO's; or the one that is least likely to be asked for again, as the node "
            + "has learned.", EvictionPolicies.Default,
            (text, options) => EvictionPolicies.Names.Contains(text)
                ? (options with { Eviction = text }, null)
                : (options, $"'{text}' is none of {string.Join(", ", EvictionPolicies.Names)}")),
        NodeOption.Parsed("admission", "always, on_reuse or adaptive",
            "Which new chunks are stored: all; those offered for the second time; or the one or the other by how soon chunks come again.",
            "always", ApplyAdmission),
        NodeOption.Number("max-ghost-tokens", "tokens",
            "Tokens of evicted and not admitted chunks that each arena remembers, at some 5 bytes of memory each; 0 = none.",
            Defaults.MaxGhostTokens, 0, 1L << 36, (options, number) => options with { MaxGhostTokens = number }),
        NodeOption.Parsed("load-mode", "auto, always, never or throughput",
            "What of a hit lookups say is worth loading: what loads faster than it computes; all; nothing; or all that does not take four "
            + "times as long. A lookup may ask for another.", "auto", ApplyLoadMode),
        NodeOption.Share("max-pinned", "Most of an arena that the pins of one namespace keep.", Defaults.Pins.MaxShare,
            (options, share) => options with { Pins = options.Pins with { MaxShare = share } }),
        NodeOption.Time("max-pin-time", "A pin that is not renewed ends after so long.", Defaults.Pins.MaxTime,
            (options, time) => options with { Pins = options.Pins with { MaxTime = time } }),
        NodeOption.Parsed("gpu-capacity", "off, size (4GiB) or share (5%)",
            "Memory of each GPU for the hottest chunks, taken at start: so much, or a share of what is free then.", "off",
            GpuOptionText.ApplyCapacity),
        NodeOption.Parsed("gpu-devices", "UUIDs, comma-separated",
            "Which GPUs, as nvidia-smi -L writes them (GPU-6e1c…); empty = all that the process may use.", "", GpuOptionText.ApplyDevices),
        NodeOption.Number("gpu-promote-after", "hits",
            "A chunk is copied to a GPU when workers of that GPU have hit it so often within some minutes.", Defaults.Gpu.PromoteAfter, 1,
            1000, (options, number) => options with { Gpu = options.Gpu with { PromoteAfter = (int)number } }),
        NodeOption.Parsed("redis", "host:port, comma-separated",
            "The Redis that nodes share: one server, a master and its replicas, or some servers of a cluster; empty = none.", "",
            RedisOptionText.ApplyServers),
        NodeOption.Text("redis-user", "name", "User of Redis's access control list; empty = the default one.", Defaults.Redis.User,
            (options, text) => options with { Redis = options.Redis with { User = text } }),
        NodeOption.Text("redis-password-file", "path", "File with the password for Redis; empty = none.", Defaults.RedisPasswordFile,
            (options, text) => options with { RedisPasswordFile = text }),
        NodeOption.Switch("redis-tls", "Encrypt connections to Redis.", Defaults.Redis.Tls.Enabled,
            (options, on) => options with { Redis = options.Redis with { Tls = options.Redis.Tls with { Enabled = on } } }),
        NodeOption.Text("redis-tls-ca", "path",
            "File of certificates (PEM), one of which must have signed Redis's; empty = those that the machine trusts.",
            Defaults.Redis.Tls.CaFile,
            (options, text) => options with { Redis = options.Redis with { Tls = options.Redis.Tls with { CaFile = text } } }),
        NodeOption.Text("redis-prefix", "text", "What every key in Redis begins with; nodes that share have the same.",
            Defaults.Redis.Prefix, (options, text) => options with { Redis = options.Redis with { Prefix = text } }),
        NodeOption.Time("redis-ttl", "A chunk that nobody loads from Redis for so long goes.", Defaults.Redis.TimeToLive,
            (options, time) => options with { Redis = options.Redis with { TimeToLive = time } }),
        NodeOption.Share("redis-max-memory",
            "Nothing is written to a server of which more is used, where it evicts nothing by itself.", Defaults.Redis.MaxMemoryShare,
            (options, share) => options with { Redis = options.Redis with { MaxMemoryShare = share } }),
        NodeOption.Parsed("redis-write", "never, on_reuse, through or on_evict",
            "Which chunks are written to Redis: none but those that a request on another node waits for; those that a lookup has hit; all "
            + "when they are stored; those that are about to leave the host tier.", "through", RedisOptionText.ApplyWrite),
        NodeOption.Time("redis-lookup-budget", "A lookup waits for Redis no longer.", Defaults.Redis.LookupBudget,
            (options, time) => options with { Redis = options.Redis with { LookupBudget = time } }),
        NodeOption.Switch("redis-siblings",
            "Keep tokens in Redis, so that a chunk that shares only its first ones with a prompt is found there.",
            Defaults.Redis.MatchSiblings, (options, on) => options with { Redis = options.Redis with { MatchSiblings = on } }),
        NodeOption.Number("redis-connections", "connections", "Connections for payload to each Redis server, for loads and writes each.",
            Defaults.Redis.Connections, 1, 64,
            (options, number) => options with { Redis = options.Redis with { Connections = (int)number } }),
        NodeOption.Number("redis-max-queued", "chunks", "Chunks that may wait to be loaded, and to be written.", Defaults.Redis.MaxQueued,
            1, 1 << 20, (options, number) => options with { Redis = options.Redis with { MaxQueued = (int)number } }),
        NodeOption.Time("redis-timeout", "A Redis that moves no byte for so long is away.", Defaults.Redis.TimeOut,
            (options, time) => options with { Redis = options.Redis with { TimeOut = time } }),
        NodeOption.Number("max-tokens", "tokens", "Most tokens of one request.", Defaults.Limits.MaxTokens, 1, PrefixCacheMethods.MaxTokens,
            (options, number) => options with { Limits = options.Limits with { MaxTokens = (int)number } }),
        NodeOption.Number(
            "max-reservations", "reservations", "Most requests that are looked up and not released.", Defaults.Limits.MaxReservations,
            1, 1 << 24, (options, number) => options with { Limits = options.Limits with { MaxReservations = (int)number } }),
        NodeOption.Number("max-reserved-tokens", "tokens", "Most tokens of those requests together, at 4 bytes of memory each.",
            Defaults.Limits.MaxReservedTokens, 1, 1L << 40,
            (options, number) => options with { Limits = options.Limits with { MaxReservedTokens = number } }),
        NodeOption.Number("max-sessions", "sessions", "Most worker processes at one time.", Defaults.Limits.MaxSessions, 1, 1 << 20,
            (options, number) => options with { Limits = options.Limits with { MaxSessions = (int)number } }),
        NodeOption.Number("max-layouts", "layouts", "Most KV layouts that the workers of one tenant may register.",
            Defaults.Limits.MaxLayouts, 1, 1 << 20,
            (options, number) => options with { Limits = options.Limits with { MaxLayouts = (int)number } }),
        NodeOption.Time("max-reservation-age", "A reservation that nobody used for so long is ended: a guard against leaks.",
            Defaults.Limits.MaxAge,
            (options, time) => options with { Limits = options.Limits with { MaxAge = time } }),
        NodeOption.Time("retry-after", "What a worker is told to wait when nothing can be evicted for its store.",
            Defaults.Limits.RetryAfter,
            (options, time) => options with { Limits = options.Limits with { RetryAfter = time } }),
        NodeOption.Time("claim-timeout", "A claim of which nothing is heard for so long ends, and the next request that waits gets it.",
            Defaults.ClaimTimeout,
            (options, time) => options with { ClaimTimeout = time }),
        NodeOption.Time("store-idle-timeout", "A store that sends nothing for so long is ended and its memory freed.",
            Defaults.StoreIdleTimeout,
            (options, time) => options with { StoreIdleTimeout = time }),
        NodeOption.Time("request-timeout", "A request of one message that makes the node wait for so long is refused.",
            Defaults.RequestTimeout,
            (options, time) => options with { RequestTimeout = time }),
        NodeOption.Time("write-stall-timeout", "A caller that does not read for so long is cut off.", Defaults.WriteStallTimeout,
            (options, time) => options with { WriteStallTimeout = time }),
        NodeOption.Text("record", "path",
            "File that every lookup is noted in, hashed and without tokens, for prefixcache replay; empty = none.", Defaults.Record,
            (options, text) => options with { Record = text }),
        NodeOption.Time("drain-grace", "What running calls get to finish when the node shuts down.", Defaults.DrainGrace,
            (options, time) => options with { DrainGrace = time }),
    ];

    private static (PrefixCacheNodeOptions Options, string? Fault) ApplyHugePages(string text, PrefixCacheNodeOptions options)
    {
        HugePages? pages = text switch
        {
            "off" => HugePages.Off,
            "auto" => HugePages.Auto,
            "2MiB" => HugePages.TwoMiB,
            "1GiB" => HugePages.OneGiB,
            _ => null,
        };
        return pages is { } known
            ? (options with { Host = options.Host with { HugePages = known } }, null)
            : (options, $"'{text}' is none of off, auto, 2MiB, 1GiB");
    }

    private static (PrefixCacheNodeOptions Options, string? Fault) ApplyAdmission(string text, PrefixCacheNodeOptions options)
    {
        AdmissionMode? mode = text switch
        {
            "always" => AdmissionMode.Always,
            "on_reuse" => AdmissionMode.OnReuse,
            "adaptive" => AdmissionMode.Adaptive,
            _ => null,
        };
        return mode is { } known ? (options with { Admission = known }, null) : (options, $"'{text}' is none of always, on_reuse, adaptive");
    }

    private static (PrefixCacheNodeOptions Options, string? Fault) ApplyLoadMode(string text, PrefixCacheNodeOptions options)
    {
        LoadMode? mode = text switch
        {
            "auto" => LoadMode.Auto,
            "always" => LoadMode.Always,
            "never" => LoadMode.Never,
            "throughput" => LoadMode.Throughput,
            _ => null,
        };
        return mode is { } known
            ? (options with { LoadMode = known }, null)
            : (options, $"'{text}' is none of auto, always, never, throughput");
    }

    private static (PrefixCacheNodeOptions Options, string? Fault) ApplyUsers(string text, PrefixCacheNodeOptions options)
    {
        var users = new List<uint>();
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!OptionValue.TryNumber<uint>(part, out var user)) return (options, $"'{part}' is no user number: write 1000,1001");
            users.Add(user);
        }

        return (options with { SharedMemory = options.SharedMemory with { Users = users } }, null);
    }
}
