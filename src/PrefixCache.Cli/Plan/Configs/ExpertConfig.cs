using PrefixCache.Cli.Plan.Models;

namespace PrefixCache.Cli.Plan.Configs;

/// <summary>Reads what config.json says of experts.</summary>
internal static class ExpertConfig
{
    /// <summary>Null = there are none.</summary>
    public static ExpertShape? Read(ConfigFields fields, int layers)
    {
        if (fields.OptionalNumber("num_local_experts", "num_experts", "n_routed_experts") is not { } count) return null;
        var perToken = fields.Number("num_experts_per_tok", "num_experts_per_token");
        if (perToken > count)
            throw fields.Fault("num_experts_per_tok", $"is {perToken}: there are {count} experts");
        var intermediate = fields.OptionalNumber("moe_intermediate_size") ?? fields.Number("intermediate_size");
        var gated = fields.Count("shared_expert_intermediate_size");
        return new ExpertShape(count, perToken, intermediate)
        {
            SharedIntermediate = gated > 0 ? gated : fields.Count("n_shared_experts") * intermediate,
            HasSharedGate = gated > 0,
            HasRouterBias = fields.Text("topk_method") == "noaux_tc",
            DenseLayers = Dense(fields, layers),
        };
    }

    private static int Dense(ConfigFields fields, int layers)
    {
        var first = fields.Count("first_k_dense_replace");
        if (first > layers) throw fields.Fault("first_k_dense_replace", $"is {first}: there are {layers} layers");
        var step = fields.OptionalNumber("decoder_sparse_step", "moe_layer_freq") ?? 1;
        var named = fields.List("mlp_only_layers")?.Count ?? 0;
        var dense = layers - ((layers - first) / step) + named;
        return Math.Min(layers, dense);
    }
}
