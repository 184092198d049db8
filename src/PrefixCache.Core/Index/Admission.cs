namespace PrefixCache.Core.Index;

/// <summary>Which new chunks are stored.</summary>
public enum AdmissionMode
{
    /// <summary>All.</summary>
    Always,

    /// <summary>Those that are offered for the second time, and runs that a second chunk shares.</summary>
    OnReuse,

    /// <summary>All while most chunks that come again come before they would have to go; on reuse otherwise.</summary>
    Adaptive,
}

/// <summary>Decides whether a chunk that is offered for the first time is stored.</summary>
/// <remarks>
/// Adaptive: the clock counts the bytes of offers that were not here. A chunk that is offered again after fewer than the tier holds would
/// still be here, had it been stored at once; so the share of those among all second offers says what storing at once is worth, whichever
/// mode is on. Protected by the node's lock.
/// </remarks>
internal sealed class Admission(AdmissionMode mode, long capacityBytes)
{
    /// <summary>Below it, most of what is stored at first sight goes before it is asked for again.</summary>
    private const double LeastNearShare = 0.5;

    /// <summary>Second offers over which the share is averaged: enough that single conversations do not switch the mode.</summary>
    private const double Window = 256;

    /// <summary>Bytes of offers that were not here.</summary>
    private long _clock;

    private double _nearShare = 1;

    /// <summary>First offers are refused now.</summary>
    public bool IsSelective => mode == AdmissionMode.OnReuse || (mode == AdmissionMode.Adaptive && _nearShare < LeastNearShare);

    /// <summary>A chunk is offered that is not here.</summary>
    /// <param name="node">What is known of it; null = nothing.</param>
    /// <param name="bytes">Of all its shards.</param>
    public void Missed(ChunkNode? node, ulong reservation, long bytes)
    {
        if (node?.Seen?.Reservation != reservation) _clock += bytes;
    }

    /// <summary>Notes an offer of a chunk. Ranks of one request offer it one after the other: that is one offer.</summary>
    /// <returns>It was offered by another request before.</returns>
    public bool Offered(ChunkNode node, ulong reservation)
    {
        if (mode == AdmissionMode.Always) return true;
        if (node.Seen is not { } seen)
        {
            node.Seen = new Sighting(reservation, _clock);
            return false;
        }

        if (seen.Reservation == reservation) return seen.IsRepeated;
        if (!seen.IsRepeated) _nearShare += ((_clock - seen.First < capacityBytes ? 1 : 0) - _nearShare) / Window;
        seen.Reservation = reservation;
        return seen.IsRepeated = true;
    }
}
