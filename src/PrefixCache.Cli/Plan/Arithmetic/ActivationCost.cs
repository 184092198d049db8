using PrefixCache.Cli.Plan.Models;

namespace PrefixCache.Cli.Plan.Arithmetic;

/// <summary>The largest of what one step keeps while it computes.</summary>
internal sealed record ActivationCost(ModelShape Model, WeightType Type)
{
    /// <summary>Logits are computed in f32.</summary>
    public const int LogitBytes = 4;

    /// <summary>Elements of a token that every rank has: the residual and what a layer reads.</summary>
    public long HiddenWidth => 2L * Model.Hidden;

    /// <summary>Q, K, V and what attention makes of them, for all heads.</summary>
    public long AttentionWidth
    {
        get
        {
            var (key, value) = Model.HeadWidths;
            var kvHeads = Model.Latent is null ? Model.KvHeads : Model.Heads;
            return ((long)Model.Heads * (key + value)) + ((long)kvHeads * (key + value));
        }
    }

    /// <summary>What the matrices of the feed-forward part make: gate, up and their product, of as many experts as compute a
    /// token.</summary>
    public long FeedForwardWidth
    {
        get
        {
            long width = Model.Intermediate;
            if (Model.Experts is { } experts)
            {
                var routed = ((long)experts.PerToken * experts.Intermediate) + experts.SharedIntermediate;
                width = experts.DenseLayers > 0 ? Math.Max(width, routed) : routed;
            }

            return width * (Model.IsGated ? 3 : 2);
        }
    }

    /// <summary>Bytes of a step on one of so many ranks.</summary>
    public long StepBytes(int tokens, int ranks) => tokens * Type.Compute.ElementBytes
        * (HiddenWidth + Rounding.Divide(Math.Max(AttentionWidth, FeedForwardWidth), ranks));

    /// <summary>Bytes of the logits of a request's sequences.</summary>
    public long RequestLogitBytes(RequestShape request) => (long)request.Sequences * Model.Vocabulary * LogitBytes;
}
