using PrefixCache.Core.Results;

namespace PrefixCache.Core.Reservations;

/// <summary>What callers may take.</summary>
public sealed record ReservationLimits
{
    /// <summary>Most tokens of one reservation.</summary>
    public int MaxTokens { get; init; } = 262_144;

    /// <summary>Most reservations at one time, over all instances.</summary>
    public int MaxReservations { get; init; } = 16_384;

    /// <summary>Most tokens of all reservations together (4 bytes of memory each).</summary>
    public long MaxReservedTokens { get; init; } = 64L << 20;

    /// <summary>Most sessions at one time.</summary>
    public int MaxSessions { get; init; } = 4096;

    public int MaxLayouts { get; init; } = 1024;

    /// <summary>A reservation that nobody used for so long is ended: a guard against leaks, not a working time-out.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromHours(1);

    /// <summary>What a refused store is told to wait.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Null when a reservation may have that many tokens.</summary>
    internal CacheError? CheckTokens(int count)
    {
        if (count == 0) return CacheError.InvalidArgument($"No tokens: send at least one, 4 bytes each.");
        return count <= MaxTokens
            ? null
            : CacheError.InvalidArgument($"{count} tokens, the limit is {MaxTokens}: raise max-tokens or send fewer.");
    }
}
