using PrefixCache.Cli.Plan.Models;

namespace PrefixCache.Cli.Plan.Arithmetic;

/// <summary>What KV takes.</summary>
internal sealed class KvCost(ModelShape model, WeightType type)
{
    /// <summary>Bytes that one layer keeps of a token: K and V of every KV head, or the latent and its rotary key.</summary>
    public long LayerBytes => RankLayerBytes(1);

    /// <summary>Of the whole model, while no window has passed.</summary>
    public long TokenBytes => model.Layers * LayerBytes;

    /// <summary>What a shared prefix takes of a token: layers with a window do not keep it.</summary>
    public long SharedTokenBytes => model.FullLayers * LayerBytes;

    /// <summary>Bytes of one sequence of so many tokens.</summary>
    public long ContextBytes(long tokens) =>
        LayerBytes * ((model.FullLayers * tokens) + (model.SlidingLayers * Math.Min(tokens, model.Window)));

    public long RequestBytes(RequestShape request) => RankRequestBytes(request, 1);

    /// <summary>On one of so many tensor-parallel ranks: a rank holds whole KV heads, and all of a latent.</summary>
    public long RankLayerBytes(int ranks) => type.ElementBytes * (model.Latent is { } latent
        ? latent.KvRank + latent.RopeDimension
        : 2L * Rounding.Divide(model.KvHeads, ranks) * model.HeadDimension);

    public long RankRequestBytes(RequestShape request, int ranks) => RankLayerBytes(ranks)
        * ((model.FullLayers * request.Tokens) + (model.SlidingLayers * request.TokensWithin(model.Window)));

    public long RankSharedBytes(long tokens, int ranks) => RankLayerBytes(ranks) * model.FullLayers * tokens;
}
