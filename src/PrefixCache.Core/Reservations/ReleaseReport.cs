using PrefixCache.Core.Planning;

namespace PrefixCache.Core.Reservations;

public enum ReleaseScope
{
    /// <summary>Done with the reservation.</summary>
    Done,

    /// <summary>Done with loading, still going to store.</summary>
    Loaded,
}

/// <summary>What loading cost one rank.</summary>
/// <param name="Shared">It copied the bytes out of the arena itself.</param>
public readonly record struct LoadReport(int Tokens, long Bytes, TimeSpan Time, bool Failed, bool Shared = false)
{
    /// <summary>What the bytes came through.</summary>
    public LoadSource Source { get; init; } = Shared ? LoadSource.SharedMemory : LoadSource.Stream;
}

/// <summary>What computing cost one rank.</summary>
public readonly record struct ComputeReport(int FirstToken, int Tokens, TimeSpan Time);

/// <param name="Held">The leases held without a gap since the lookup.</param>
/// <param name="Ended">The reservation has ended with this call.</param>
public readonly record struct ReleaseAnswer(bool Held, bool Ended);
