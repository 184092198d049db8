namespace PrefixCache.Core.Statistics;

/// <summary>What the node holds at one moment.</summary>
public sealed record CacheSnapshot
{
    public required int Sessions { get; init; }

    public required int Reservations { get; init; }

    /// <summary>Tokens of all reservations.</summary>
    public required long ReservedTokens { get; init; }

    public required int Namespaces { get; init; }

    /// <summary>Leases on chunks, of reservations and of transfers in flight.</summary>
    public required long Leases { get; init; }

    /// <summary>Blocks that stores are being written into.</summary>
    public required int WritingBlocks { get; init; }

    /// <summary>Blocks that writers who were cut off may still write into.</summary>
    public required int QuarantinedBlocks { get; init; }

    public required long QuarantinedBytes { get; init; }

    /// <summary>Complete chunks in the host tier.</summary>
    public required long Chunks { get; init; }

    /// <summary>Blocks of the host tier, those being written included.</summary>
    public required int Blocks { get; init; }

    public required long CapacityBytes { get; init; }

    /// <summary>Payload bytes.</summary>
    public required long UsedBytes { get; init; }

    /// <summary>Payload bytes and what rounding adds.</summary>
    public required long AllocatedBytes { get; init; }

    /// <summary>What rounding adds, and free bytes that no block of the layouts in the tier can use.</summary>
    public required long WastedBytes { get; init; }

    /// <summary>Chunks without blocks whose tokens are remembered.</summary>
    public int Ghosts { get; init; }

    /// <summary>Branch points in the making.</summary>
    public int BranchPointsPending { get; init; }

    /// <summary>Claims of this node's requests.</summary>
    public int Claims { get; init; }

    /// <summary>Requests that wait for a claim.</summary>
    public int ClaimsWaiting { get; init; }

    /// <summary>Chunks that pins keep.</summary>
    public long PinnedChunks { get; init; }

    /// <summary>Of the blocks of those.</summary>
    public long PinnedBytes { get; init; }

    /// <summary>Token lists and checksums that are kept.</summary>
    internal int Records { get; init; }
}
