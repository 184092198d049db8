using PrefixCache.Cli.Plan.Models;

namespace PrefixCache.Cli.Plan.Arithmetic;

/// <summary>What computing the KV of a prompt's beginning takes, in floating-point operations.</summary>
internal sealed class PrefillCost(ModelShape model, ModelTensors tensors)
{
    /// <summary>A weight is a product and a sum.</summary>
    public double TokenFlops => 2.0 * tensors.MatrixActive;

    /// <summary>Products of Q with K and of the result with V, for each pair of tokens.</summary>
    public double PairFlops => 2.0 * model.Layers * model.Heads * (model.HeadWidths.Key + model.HeadWidths.Value);

    /// <summary>Of the tokens [0, count). A token attends to itself and to all before it, in layers with a window to that many.</summary>
    public double Flops(long count)
    {
        var full = Pairs(count, count);
        var pairs = model.SlidingLayers == 0
            ? full
            : ((model.FullLayers * full) + (model.SlidingLayers * Pairs(count, model.Window))) / model.Layers;
        return (TokenFlops * count) + (PairFlops * pairs);
    }

    private static double Pairs(double tokens, double window) => tokens <= window
        ? tokens * (tokens + 1) / 2
        : (window * (window + 1) / 2) + ((tokens - window) * window);
}
