using System.Text.Json;
using PrefixCache.Cli.Plan.Models;

namespace PrefixCache.Cli.Plan.Configs;

/// <summary>Shapes from a Hugging Face config.json.</summary>
internal static class ModelConfig
{
    /// <summary>Far above a config.json, below what would be noticed.</summary>
    private const int MaxBytes = 4 << 20;

    /// <summary>Parameters that a model cannot have: a config that gives more has a fault.</summary>
    private const double MaxParameters = 1e15;

    /// <param name="path">The file, or the folder that it lies in.</param>
    /// <exception cref="ModelConfigException">It cannot be read, or no shapes follow from it; says the file and the field.</exception>
    public static ModelShape Load(string path)
    {
        var file = Directory.Exists(path) ? Path.Combine(path, "config.json") : path;
        try
        {
            if (new FileInfo(file).Length > MaxBytes) throw new ModelConfigException(
                $"it is larger than {MaxBytes >> 20} MiB: no config.json is");
            return Parse(file, File.ReadAllText(file));
        }
        catch (Exception exception) when (exception is ModelConfigException or IOException or UnauthorizedAccessException)
        {
            throw new ModelConfigException($"{file}: {exception.Message}");
        }
    }

    /// <param name="name">What the model is called.</param>
    public static ModelShape Parse(string name, string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind != JsonValueKind.Object) throw new ModelConfigException("it is no JSON object");
            return Read(name, new ConfigFields(document.RootElement, ""));
        }
        catch (JsonException exception)
        {
            throw new ModelConfigException($"it is no JSON: {exception.Message}");
        }
    }

    private static ModelShape Read(string name, ConfigFields root)
    {
        // Models that see pictures keep the decoder's figures in a part of their own.
        var fields = root.Part("text_config") ?? root;
        var family = ModelFamily.Of(fields.Text("model_type") ?? root.Text("model_type"));
        RefuseUnknownLayers(fields);
        var (layers, hidden) = (fields.Number("num_hidden_layers", "n_layer"), fields.Number("hidden_size", "n_embd"));
        var heads = fields.Number("num_attention_heads", "n_head");
        var kvHeads = fields.OptionalNumber("num_key_value_heads") ?? heads;
        if (heads % kvHeads != 0)
            throw fields.Fault("num_key_value_heads", $"is {kvHeads}: it must divide num_attention_heads, {heads}");
        var latent = Latent(fields);
        var experts = ExpertConfig.Read(fields, layers);
        var (sliding, window) = SlidingConfig.Read(fields, family, layers);
        var (type, quantization) = WeightConfig.Read(root, fields);
        var shape = new ModelShape
        {
            Name = name,
            Source = name,
            Layers = layers,
            Hidden = hidden,
            Heads = heads,
            KvHeads = kvHeads,
            HeadDimension = HeadDimension(fields, hidden, heads, latent),
            Vocabulary = fields.Number("vocab_size"),
            Intermediate = Intermediate(fields, family, hidden, experts),
            MaxContext = fields.OptionalNumber("max_position_embeddings", "n_positions", "max_sequence_length"),
            IsGated = family.IsGated,
            Experts = experts,
            Latent = latent,
            HasQkvBias = fields.Switch("attention_bias") ?? family.HasQkvBias,
            HasOutputBias = fields.Switch("attention_bias") is { } bias ? bias && !family.BiasIsOfQkvAlone : family.HasOutputBias,
            HasMlpBias = fields.Switch("mlp_bias") ?? family.HasMlpBias,
            HasHeadNorms = family.HasHeadNorms,
            NormsPerLayer = family.NormsPerLayer,
            NormsHaveBias = family.NormsHaveBias,
            LearnedPositions = family.PositionOffset is { } offset
                ? fields.Number("max_position_embeddings", "n_positions") + offset : 0,
            IsTied = fields.Switch("tie_word_embeddings") ?? root.Switch("tie_word_embeddings") ?? family.IsTied,
            SlidingLayers = sliding,
            Window = window,
            WeightType = type,
            Notes = [.. family.Notes, .. quantization, .. SlidingConfig.Notes(sliding)],
        };
        return CheckSize(fields, shape);
    }

    private static LatentShape? Latent(ConfigFields fields) => fields.OptionalNumber("kv_lora_rank") is { } rank
        ? new LatentShape(fields.OptionalNumber("q_lora_rank"), rank, fields.Number("qk_nope_head_dim"), fields.Number("qk_rope_head_dim"),
            fields.Number("v_head_dim"))
        : null;

    private static int HeadDimension(ConfigFields fields, int hidden, int heads, LatentShape? latent)
    {
        if (latent is not null) return latent.NopeDimension + latent.RopeDimension;
        if (fields.OptionalNumber("head_dim") is { } given) return given;
        return hidden % heads == 0 ? hidden / heads : throw fields.Fault(
            "head_dim", $"is missing, and hidden_size {hidden} is no multiple of num_attention_heads {heads}");
    }

    private static int Intermediate(ConfigFields fields, ModelFamily family, int hidden, ExpertShape? experts)
    {
        if (fields.OptionalNumber("intermediate_size", "ffn_dim", "n_inner") is { } given) return given;
        if (family.WidensByFour) return 4 * hidden;
        return experts is { DenseLayers: 0 } ? experts.Intermediate : fields.Number("intermediate_size");
    }

    private static void RefuseUnknownLayers(ConfigFields fields)
    {
        var foreign = fields.Names.FirstOrDefault(name => name.StartsWith("mamba_", StringComparison.Ordinal)
            || name.StartsWith("ssm_", StringComparison.Ordinal) || name.StartsWith("linear_num_", StringComparison.Ordinal));
        if (foreign is not null)
            throw fields.Fault(foreign, "is there: the model has layers without attention, whose memory is not known here");
    }

    private static ModelShape CheckSize(ConfigFields fields, ModelShape shape)
    {
        var widest = (double)Math.Max(shape.Intermediate, shape.Experts is { } experts ? (double)experts.Count * experts.Intermediate : 0);
        var width = Math.Max(widest, Math.Max(shape.Vocabulary, (double)shape.Heads * shape.HeadDimension));
        return width * shape.Hidden * shape.Layers <= MaxParameters ? shape : throw fields.Fault(
            "num_hidden_layers", $"{shape.Layers}, hidden_size {shape.Hidden} and the widths give more than 10^15 parameters: one of "
                + "them is wrong");
    }
}
