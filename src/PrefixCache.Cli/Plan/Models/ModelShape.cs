namespace PrefixCache.Cli.Plan.Models;

/// <summary>The shapes of a decoder that weights, KV and FLOPs follow from; as in a model's config.json.</summary>
internal sealed record ModelShape
{
    /// <summary>As options name it, or the file it was read from.</summary>
    public required string Name { get; init; }

    /// <summary>Where the figures are from.</summary>
    public required string Source { get; init; }

    public required int Layers { get; init; }

    /// <summary>Width of what goes from layer to layer.</summary>
    public required int Hidden { get; init; }

    /// <summary>Attention heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Heads of K and of V: fewer than <see cref="Heads"/> where groups share them.</summary>
    public required int KvHeads { get; init; }

    /// <summary>Width of one head; times <see cref="Heads"/> it need not be <see cref="Hidden"/>.</summary>
    public required int HeadDimension { get; init; }

    public required int Vocabulary { get; init; }

    /// <summary>Width of the dense feed-forward layers.</summary>
    public required int Intermediate { get; init; }

    /// <summary>Most tokens of a context; null = not said.</summary>
    public int? MaxContext { get; init; }

    /// <summary>Three matrices (gate, up, down) or two.</summary>
    public bool IsGated { get; init; } = true;

    /// <summary>Null = every layer is dense.</summary>
    public ExpertShape? Experts { get; init; }

    /// <summary>Null = K and V of every head are kept.</summary>
    public LatentShape? Latent { get; init; }

    public bool HasQkvBias { get; init; }

    public bool HasOutputBias { get; init; }

    public bool HasMlpBias { get; init; }

    /// <summary>Norms of Q and K, one weight for each element of a head.</summary>
    public bool HasHeadNorms { get; init; }

    public int NormsPerLayer { get; init; } = 2;

    /// <summary>LayerNorm has a weight and a bias, RMSNorm a weight.</summary>
    public bool NormsHaveBias { get; init; }

    /// <summary>Rows of a learned table of positions; 0 = none.</summary>
    public int LearnedPositions { get; init; }

    /// <summary>The output matrix is the embedding's.</summary>
    public bool IsTied { get; init; }

    /// <summary>Layers that look back at most <see cref="Window"/> tokens.</summary>
    public int SlidingLayers { get; init; }

    public int Window { get; init; }

    /// <summary>What the weights are published in.</summary>
    public WeightType WeightType { get; init; } = WeightType.BFloat16;

    /// <summary>The count that the authors state, where it is more than the shapes give and no weights are there to count.</summary>
    public long? PublishedParameters { get; init; }

    /// <summary>What a reader of the figures should know.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Layers whose KV grows with the whole context.</summary>
    public int FullLayers => Layers - SlidingLayers;

    /// <summary>Width of Q and K of a head, and of V.</summary>
    public (int Key, int Value) HeadWidths => Latent is { } latent
        ? (latent.NopeDimension + latent.RopeDimension, latent.ValueDimension) : (HeadDimension, HeadDimension);

    /// <summary>Tensor-parallel sizes: they divide the heads, and the KV heads too, or give each of those to several ranks.</summary>
    public IEnumerable<int> TensorParallelSizes => Enumerable.Range(1, Heads).Where(size =>
        Heads % size == 0 && (Latent is not null || KvHeads % size == 0 || size % KvHeads == 0));
}
