namespace PrefixCache.Client;

/// <summary>What a lookup is asked with, beside the tokens.</summary>
public sealed record LookupOptions
{
    /// <summary>Names the request within the instance; the same id again = the same reservation. Random when not given.</summary>
    public string RequestId { get; init; } = "";

    /// <summary>Leading tokens whose KV the engine has already.</summary>
    public int ComputedTokens { get; init; }

    /// <summary>The engine's block size: the hit is a multiple of it. 0 and 1 = any length.</summary>
    public int AlignTokens { get; init; }

    /// <summary>Separates namespaces of one tenant.</summary>
    public string Salt { get; init; } = "";

    /// <summary>Digest of the adapter's weights, or a name that is never reused; empty = none.</summary>
    public string Adapter { get; init; } = "";

    /// <summary>
    /// Leading tokens of which the node may keep KV: nothing behind them is stored, copied or remembered. Null = the parent's, or all;
    /// below 0 = none, as 0.
    /// </summary>
    public int? StoreLimitTokens { get; init; }

    /// <summary>
    /// A reservation of this client, not released yet, whose tokens (prompt and appended ones) the prompt begins with: only those behind
    /// them travel. All do where the node does not know it any more, or where the prompt begins differently.
    /// </summary>
    public PrefixReservation? Parent { get; init; }

    /// <summary>
    /// How long the node may keep the lookup waiting for what is pending, up to a minute; it answers at once when nothing is. Comes on top
    /// of <see cref="PrefixCacheClientOptions.CallTimeout"/>. Zero = not at all.
    /// </summary>
    public TimeSpan Wait { get; init; }

    /// <summary>How long <see cref="PrefixCacheClient.AcquireAsync"/> waits in all, for others and for what is loaded from Redis, before
    /// it computes what they compute.</summary>
    public TimeSpan MaxWait { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Images and the like among the tokens, in rising position.</summary>
    public IReadOnlyList<MultimodalItem> Items { get; init; } = [];

    /// <summary>Whether the node weighs loading against computing.</summary>
    public LoadMode LoadMode { get; init; }
}
