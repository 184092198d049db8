namespace PrefixCache.Core.Tiers.Redis;

/// <summary>How the Redis tier is, as operators see it. Thread-safe.</summary>
public sealed class RedisStatus
{
    private readonly RedisTier _redis;

    internal RedisStatus(RedisTier redis) => _redis = redis;

    /// <summary>Raised on any thread when <see cref="State"/> or <see cref="Cause"/> has changed.</summary>
    public event Action<RedisState, string>? Changed
    {
        add => _redis.Health.Changed += value;
        remove => _redis.Health.Changed -= value;
    }

    /// <summary>A fault of this program, to be logged.</summary>
    public event Action<Exception>? Faulted
    {
        add => _redis.Faulted += value;
        remove => _redis.Faulted -= value;
    }

    public RedisState State => _redis.Health.State;

    /// <summary>Why it is not available; empty when it is.</summary>
    public string Cause => _redis.Health.Cause;

    /// <summary>Times that it became read-only or away.</summary>
    public long Interruptions => _redis.Health.Interruptions;

    /// <summary>Chunks that wait for being loaded.</summary>
    public int LoadsQueued => _redis.Loader.Queued;

    /// <summary>Chunks that wait for being written.</summary>
    public int WritesQueued => _redis.Writer.Queued;

    public RedisCounters Counters => _redis.Counters;

    /// <summary>Ends with the first attempt to reach it, whatever came of it.</summary>
    public Task FirstAttempt => _redis.Health.FirstProbe;
}
