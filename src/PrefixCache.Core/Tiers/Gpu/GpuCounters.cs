namespace PrefixCache.Core.Tiers.Gpu;

/// <summary>What one arena of the gpu tier has done. Changed and read under the node's lock.</summary>
internal sealed class GpuCounters
{
    public long BlocksPromoted { get; private set; }

    public long BytesPromoted { get; private set; }

    public TimeSpan PromoteTime { get; private set; }

    public long BlocksDemoted { get; private set; }

    public long BytesDemoted { get; private set; }

    public TimeSpan DemoteTime { get; private set; }

    /// <summary>Given up without a copy.</summary>
    public long BlocksDropped { get; set; }

    /// <summary>That lookups told a worker of.</summary>
    public long BlocksHit { get; set; }

    public long PromotionsRefused { get; set; }

    public long BlocksDamaged { get; set; }

    public void Promoted(long bytes, TimeSpan elapsed) =>
        (BlocksPromoted, BytesPromoted, PromoteTime) = (BlocksPromoted + 1, BytesPromoted + bytes, PromoteTime + elapsed);

    public void Demoted(long bytes, TimeSpan elapsed) =>
        (BlocksDemoted, BytesDemoted, DemoteTime) = (BlocksDemoted + 1, BytesDemoted + bytes, DemoteTime + elapsed);
}
