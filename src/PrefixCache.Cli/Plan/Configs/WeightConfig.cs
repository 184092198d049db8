using PrefixCache.Cli.Plan.Models;

namespace PrefixCache.Cli.Plan.Configs;

/// <summary>Reads what the weights are kept in.</summary>
internal static class WeightConfig
{
    public static (WeightType Type, IReadOnlyList<string> Notes) Read(ConfigFields root, ConfigFields fields)
    {
        var text = fields.Text("torch_dtype", "dtype") ?? root.Text("torch_dtype", "dtype");
        var plain = text is null ? WeightType.BFloat16 : WeightType.Find(text) ?? throw root.Fault(
            "torch_dtype", $"is '{text}': one of {string.Join(", ", WeightType.All.Select(type => type.Name))} is known");
        if ((root.Part("quantization_config") ?? fields.Part("quantization_config")) is not { } quantization) return (plain, []);
        var method = quantization.Text("quant_method") ?? "not named";
        return Quantized(quantization, method) is { } type
            ? (type, [$"quantization_config ({method}): weights are {type.Name} unless --dtype says otherwise."])
            : (plain, [$"quantization_config ({method}) is not known: weights are counted in {plain.Name}; --dtype says otherwise."]);
    }

    private static WeightType? Quantized(ConfigFields quantization, string method)
    {
        if (method == "fp8") return WeightType.Float8;
        if (quantization.Switch("load_in_4bit") == true) return WeightType.Int4;
        if (quantization.Switch("load_in_8bit") == true) return WeightType.Int8;
        var group = quantization.Part("config_groups")?.Part("group_0")?.Part("weights");
        return (group?.OptionalNumber("num_bits") ?? quantization.OptionalNumber("bits", "w_bit")) switch
        {
            4 => WeightType.Int4,
            8 => group?.Text("type") == "float" ? WeightType.Float8 : WeightType.Int8,
            _ => null,
        };
    }
}
