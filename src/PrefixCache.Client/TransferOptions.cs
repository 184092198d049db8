namespace PrefixCache.Client;

/// <summary>Which part of a reservation to retrieve or store.</summary>
public sealed record TransferOptions
{
    /// <summary>Index into the layout's shards.</summary>
    public int Shard { get; init; }

    /// <summary>First token of the sequence to retrieve; a store begins with the chunk that has it.</summary>
    public int FirstToken { get; init; }

    /// <summary>Without this token; 0 = the end of what is worth loading to retrieve, the sequence's end to store.</summary>
    public int EndToken { get; init; }

    /// <summary>Retrieve layer by layer instead of chunk by chunk.</summary>
    public bool LayerOrder { get; init; }

    /// <summary>Retrieve out of this memory of the node's.</summary>
    public TransferSource Source { get; init; }
}

/// <param name="EndToken">KV of the tokens before this one is in place, from the first one asked for; that one itself when nothing
/// is.</param>
/// <param name="Tokens">How many tokens that is.</param>
/// <param name="Bytes">Payload received.</param>
/// <param name="Elapsed">Wall-clock time.</param>
/// <param name="Plane">How it came, or most bytes of it; says nothing where no bytes did.</param>
public sealed record RetrieveResult(
    int EndToken, int Tokens, long Bytes, TimeSpan Elapsed, TransferPlane Plane = TransferPlane.Stream)
{
    private readonly IReadOnlyList<PlaneLoad>? _loads;

    /// <summary>Plane by plane, that with most bytes first; more than one only where a device's memory had a part of it.</summary>
    public IReadOnlyList<PlaneLoad> Loads => _loads ?? [new PlaneLoad(Plane, Tokens, Bytes, Elapsed)];

    /// <summary>Payload that came out of the device's memory.</summary>
    public long DeviceBytes => Loads.Where(load => load.Plane == TransferPlane.Device).Sum(load => load.Bytes);

    /// <param name="loads">At least one, of planes that differ.</param>
    internal static RetrieveResult Of(int endToken, int tokens, IEnumerable<PlaneLoad> loads, TimeSpan elapsed)
    {
        var sorted = loads.OrderByDescending(load => load.Bytes).ToArray();
        return new RetrieveResult(sorted, endToken, tokens, sorted.Sum(load => load.Bytes), elapsed);
    }

    private RetrieveResult(PlaneLoad[] sorted, int endToken, int tokens, long bytes, TimeSpan elapsed)
        : this(endToken, tokens, bytes, elapsed, sorted[0].Plane)
    {
        _loads = sorted;
    }
}

/// <param name="Committed">Chunks that are this caller's now.</param>
/// <param name="Present">Chunks that were there already, or that another caller committed first.</param>
/// <param name="Refused">Chunks that the node has no room for, or whose predecessor is missing.</param>
/// <param name="Bytes">Payload sent.</param>
/// <param name="Elapsed">Wall-clock time.</param>
/// <param name="Plane">How it went; says nothing where no bytes did.</param>
public sealed record StoreSummary(
    int Committed, int Present, int Refused, long Bytes, TimeSpan Elapsed, TransferPlane Plane = TransferPlane.Stream)
{
    public static StoreSummary Nothing { get; } = new(0, 0, 0, 0, TimeSpan.Zero);
}

/// <summary>What this rank did under a reservation, for the node's load-or-recompute decision.</summary>
public sealed record UsageReport
{
    /// <summary>What loading gave; null = as this reservation's retrieves were answered.</summary>
    public RetrieveResult? Loaded { get; init; }

    /// <summary>Tokens [ComputedFrom, ComputedFrom + ComputedTokens) were prefilled in <see cref="ComputeTime"/>.</summary>
    public int ComputedFrom { get; init; }

    public int ComputedTokens { get; init; }

    public TimeSpan ComputeTime { get; init; }
}
