namespace PrefixCache.Core.Index;

/// <summary>When and by whom a chunk was offered. Protected by the node's lock.</summary>
internal sealed class Sighting(ulong reservation, long clock)
{
    /// <summary>The reservation that offered it last.</summary>
    public ulong Reservation { get; set; } = reservation;

    /// <summary>The admission's clock when it was offered first.</summary>
    public long First { get; } = clock;

    /// <summary>A second request offered it.</summary>
    public bool IsRepeated { get; set; }

    /// <summary>Of a chunk that was not admitted: leading tokens that were, as a branch point. 0 = none.</summary>
    public int AdmittedTokens { get; set; }
}
