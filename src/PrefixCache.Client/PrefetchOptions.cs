namespace PrefixCache.Client;

/// <summary>What a prefetch is asked with, beside the tokens.</summary>
public sealed record PrefetchOptions
{
    /// <summary>Separates namespaces of one tenant.</summary>
    public string Salt { get; init; } = "";

    /// <summary>Digest of the adapter's weights, or a name that is never reused; empty = none.</summary>
    public string Adapter { get; init; } = "";

    /// <summary>Images and the like among the tokens, in rising position.</summary>
    public IReadOnlyList<MultimodalItem> Items { get; init; } = [];
}
