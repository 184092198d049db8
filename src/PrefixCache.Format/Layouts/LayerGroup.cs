namespace PrefixCache.Format.Layouts;

/// <summary>Kind of attention of a layer group. This version accepts <see cref="Full"/> only.</summary>
public enum LayerGroupKind
{
    Unspecified = 0,
    Full = 1,
    SlidingWindow = 2,
    Recurrent = 3,
}

/// <summary>Layers whose KV has the same shape.</summary>
public sealed record LayerGroup
{
    public LayerGroupKind Kind { get; init; } = LayerGroupKind.Full;

    /// <summary>Layer numbers, from 0.</summary>
    public required IReadOnlyList<int> Layers { get; init; }

    /// <summary>2 for K and V, 1 for an MLA latent.</summary>
    public int Planes { get; init; } = 2;

    /// <summary>KV heads of a layer; 1 for an MLA latent.</summary>
    public required int Heads { get; init; }

    /// <summary>Bytes of one head of one token in one plane: head_dim × size of the dtype.</summary>
    public required int HeadBytes { get; init; }
}
