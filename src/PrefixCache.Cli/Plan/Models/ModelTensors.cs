namespace PrefixCache.Cli.Plan.Models;

/// <summary>Every tensor of a model, counted from its shapes.</summary>
internal sealed class ModelTensors
{
    private readonly ModelShape _shape;

    public ModelTensors(ModelShape shape)
    {
        _shape = shape;
        List<TensorGroup> groups = [.. Embeddings(), .. shape.Latent is { } latent ? Latent(latent) : Attention(), .. FeedForward(),
            .. Norms()];
        Counted = groups.Sum(group => group.Parameters);
        if (shape.PublishedParameters - Counted is > 0 and var rest)
            groups.Add(new TensorGroup("up to the published count", rest, TensorCut.Even) { IsMatrix = false });
        Groups = groups;
    }

    public IReadOnlyList<TensorGroup> Groups { get; }

    /// <summary>What the shapes add up to, which may be less than what the authors state.</summary>
    public long Counted { get; }

    public long Parameters => Groups.Sum(group => group.Parameters);

    /// <summary>Parameters that compute one token.</summary>
    public long Active => Groups.Sum(group => group.Active);

    /// <summary>Weights that every token of a prompt is multiplied with: not the embeddings, of which it reads a row, nor the output
    /// matrix, which only a prompt's last token needs.</summary>
    public long MatrixActive => Groups.Where(group => group.IsMatrix).Sum(group => group.Active);

    public long Bytes(WeightType type) => Groups.Sum(group => group.Bytes(type));

    /// <summary>Bytes on the tensor-parallel rank that has most.</summary>
    public long RankBytes(WeightType type, int ranks) => Groups.Sum(group => group.RankBytes(type, ranks, _shape.KvHeads));

    private IEnumerable<TensorGroup> Embeddings()
    {
        var table = (long)_shape.Vocabulary * _shape.Hidden;
        yield return Other("embeddings", table);
        if (!_shape.IsTied) yield return Other("output matrix", table);
        if (_shape.LearnedPositions > 0) yield return Other("positions", (long)_shape.LearnedPositions * _shape.Hidden,
            TensorCut.Replicated);
    }

    private IEnumerable<TensorGroup> Attention()
    {
        long layers = _shape.Layers, hidden = _shape.Hidden;
        var (query, kv) = ((long)_shape.Heads * _shape.HeadDimension, 2L * _shape.KvHeads * _shape.HeadDimension);
        yield return new("Q", layers * hidden * query, TensorCut.Even);
        yield return new("K and V", layers * hidden * kv, TensorCut.KvHeads);
        yield return new("attention output", layers * query * hidden, TensorCut.Even);
        if (_shape.HasQkvBias)
        {
            yield return Other("bias of Q", layers * query);
            yield return Other("bias of K and V", layers * kv, TensorCut.KvHeads);
        }

        if (_shape.HasOutputBias) yield return Other("bias of attention output", layers * hidden, TensorCut.Replicated);
    }

    private IEnumerable<TensorGroup> Latent(LatentShape latent)
    {
        long layers = _shape.Layers, hidden = _shape.Hidden, heads = _shape.Heads;
        var query = heads * (latent.NopeDimension + latent.RopeDimension);
        if (latent.QueryRank is { } rank)
        {
            yield return new("Q, down", layers * hidden * rank, TensorCut.Replicated);
            yield return Other("norm of the query's latent", layers * rank, TensorCut.Replicated);
            yield return new("Q, up", layers * rank * query, TensorCut.Even);
        }
        else
        {
            yield return new("Q", layers * hidden * query, TensorCut.Even);
        }

        yield return new("KV, down", layers * hidden * (latent.KvRank + latent.RopeDimension), TensorCut.Replicated);
        yield return Other("norm of the latent", layers * latent.KvRank, TensorCut.Replicated);
        yield return new("KV, up", layers * latent.KvRank * heads * (latent.NopeDimension + latent.ValueDimension), TensorCut.Even);
        yield return new("attention output", layers * heads * latent.ValueDimension * hidden, TensorCut.Even);
    }

    private IEnumerable<TensorGroup> FeedForward()
    {
        var matrices = _shape.IsGated ? 3L : 2L;
        var dense = _shape.Experts is { } experts ? experts.DenseLayers : _shape.Layers;
        if (dense > 0) yield return new("feed-forward", dense * matrices * _shape.Hidden * _shape.Intermediate, TensorCut.Even);
        if (dense > 0 && _shape.HasMlpBias) yield return Other(
            "bias of feed-forward", dense * (((matrices - 1) * _shape.Intermediate) + _shape.Hidden), TensorCut.Replicated);
        if (_shape.Experts is not { } routed) yield break;
        long layers = _shape.Layers - dense;
        var expert = matrices * _shape.Hidden * routed.Intermediate;
        yield return new("experts", layers * routed.Count * expert, TensorCut.Even) { Active = layers * routed.PerToken * expert };
        yield return Other("router", layers * routed.Count * (_shape.Hidden + (routed.HasRouterBias ? 1 : 0)), TensorCut.Replicated);
        if (routed.SharedIntermediate > 0)
            yield return new("shared experts", layers * matrices * _shape.Hidden * routed.SharedIntermediate, TensorCut.Even);
        if (routed.HasSharedGate) yield return Other("gate of the shared experts", layers * _shape.Hidden, TensorCut.Replicated);
    }

    private IEnumerable<TensorGroup> Norms()
    {
        var width = (long)_shape.Hidden * (_shape.NormsHaveBias ? 2 : 1);
        yield return Other("norms", ((_shape.Layers * (long)_shape.NormsPerLayer) + 1) * width, TensorCut.Replicated);
        if (_shape.HasHeadNorms) yield return Other("norms of Q and K", _shape.Layers * 2L * _shape.HeadDimension, TensorCut.Replicated);
    }

    private static TensorGroup Other(string name, long parameters, TensorCut cut = TensorCut.Even) =>
        new(name, parameters, cut) { IsMatrix = false };
}
