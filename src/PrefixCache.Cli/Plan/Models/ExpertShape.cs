namespace PrefixCache.Cli.Plan.Models;

/// <summary>Layers whose feed-forward part is a choice of experts.</summary>
/// <param name="Count">Routed experts of a layer.</param>
/// <param name="PerToken">How many of them compute a token.</param>
/// <param name="Intermediate">Width of one.</param>
internal sealed record ExpertShape(int Count, int PerToken, int Intermediate)
{
    /// <summary>Width of the experts that compute every token, together.</summary>
    public int SharedIntermediate { get; init; }

    /// <summary>Layers that are dense all the same.</summary>
    public int DenseLayers { get; init; }

    /// <summary>The router has a bias for each expert.</summary>
    public bool HasRouterBias { get; init; }

    /// <summary>The shared experts have a gate of their own, one row.</summary>
    public bool HasSharedGate { get; init; }
}
