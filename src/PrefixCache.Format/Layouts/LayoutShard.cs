namespace PrefixCache.Format.Layouts;

/// <summary>The part of the KV that one rank stores: a range of layers and of heads.</summary>
public sealed record LayoutShard
{
    public int FirstLayer { get; init; }

    public required int Layers { get; init; }

    public int FirstHead { get; init; }

    /// <summary>0 = all heads of each of its layers.</summary>
    public int Heads { get; init; }

    /// <summary>Ranks that hold it: the first stores it, each may load it.</summary>
    public IReadOnlyList<int> Ranks { get; init; } = [0];

    internal int EndLayer => FirstLayer + Layers;
}
