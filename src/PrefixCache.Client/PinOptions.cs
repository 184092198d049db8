namespace PrefixCache.Client;

/// <summary>What a prefix is pinned with, beside its tokens.</summary>
public sealed record PinOptions
{
    /// <summary>How long; null = as long as the node allows. Pin again to renew it.</summary>
    public TimeSpan? Time { get; init; }

    /// <summary>Separates namespaces of one tenant.</summary>
    public string Salt { get; init; } = "";

    /// <summary>Digest of the adapter's weights, or a name that is never reused; empty = none.</summary>
    public string Adapter { get; init; } = "";

    /// <summary>Images and the like among the tokens, in rising position.</summary>
    public IReadOnlyList<MultimodalItem> Items { get; init; } = [];
}
