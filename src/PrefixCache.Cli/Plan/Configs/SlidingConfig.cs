using System.Text.Json;

namespace PrefixCache.Cli.Plan.Configs;

/// <summary>Reads which layers look back only so many tokens.</summary>
internal static class SlidingConfig
{
    public static (int Layers, int Window) Read(ConfigFields fields, ModelFamily family, int layers)
    {
        var types = fields.List("layer_types");
        var sliding = types is null ? Unlisted(fields, family, layers) : Listed(fields, types, layers);
        return sliding == 0 ? (0, 0) : (sliding, fields.Number("sliding_window"));
    }

    public static IEnumerable<string> Notes(int layers) => layers == 0
        ? []
        : [$"{layers} layers look back over a window only. Nodes of this release keep KV of models whose every layer sees the whole "
            + "context."];

    private static int Listed(ConfigFields fields, IReadOnlyList<JsonElement> types, int layers)
    {
        if (types.Count != layers)
            throw fields.Fault("layer_types", $"has {types.Count} entries: there are {layers} layers");
        var sliding = 0;
        for (var layer = 0; layer < layers; layer++)
        {
            var type = types[layer].ValueKind == JsonValueKind.String ? types[layer].GetString() : types[layer].GetRawText();
            if (type == "sliding_attention") sliding++;
            else if (type != "full_attention")
                throw fields.Fault($"layer_types[{layer}]", $"is '{type}': full_attention and sliding_attention are known");
        }

        return sliding;
    }

    private static int Unlisted(ConfigFields fields, ModelFamily family, int layers)
    {
        if (fields.OptionalNumber("sliding_window") is null) return 0;
        if (!(fields.Switch("use_sliding_window") ?? !family.SlidesOnRequest)) return 0;
        if (family.SlidesOnRequest) return Math.Max(0, layers - fields.Count("max_window_layers"));
        var every = fields.OptionalNumber("sliding_window_pattern") ?? family.FullEvery;
        return every == 0 ? layers : layers - (layers / every);
    }
}
