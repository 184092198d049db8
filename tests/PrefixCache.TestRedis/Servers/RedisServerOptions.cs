namespace PrefixCache.TestRedis.Servers;

/// <summary>How a Redis server of a test is set up.</summary>
public sealed record RedisServerOptions
{
    /// <summary>Bytes that it may hold; null = without a limit.</summary>
    public long? MaxMemoryBytes { get; init; }

    /// <summary>What it does when it is full: Redis's names, such as `noeviction` and `allkeys-lru`.</summary>
    public string MaxMemoryPolicy { get; init; } = "noeviction";

    /// <summary>The password of <see cref="User"/>; null = everybody may connect.</summary>
    public string? Password { get; init; }

    /// <summary>A user of the access control list, beside whom nobody may connect; null = the default user. Needs a password.</summary>
    public string? User { get; init; }

    /// <summary>Listens with TLS alone, with this certificate; null = without TLS. Belongs to the caller.</summary>
    public RedisCertificate? Tls { get; init; }

    /// <summary>More lines of redis.conf.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];
}
