using System.Text.Json;

namespace PrefixCache.Samples.Llama.Model;

/// <summary>Reads Hugging Face's <c>config.json</c>; what this decoder does not implement is refused by name.</summary>
public static class LlamaConfigReader
{
    /// <summary>Reads and validates a configuration file.</summary>
    /// <exception cref="LlamaException">Unreadable, incomplete or of an architecture other than Llama's.</exception>
    public static LlamaConfig Read(string path)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            return Parse(document.RootElement);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or LlamaException
            or InvalidOperationException or FormatException)
        {
            throw new LlamaException($"{path}: {e.Message}", e);
        }
    }

    private static LlamaConfig Parse(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object) throw new LlamaException("expected a JSON object.");
        RefuseOthers(json);
        int heads = Int(json, "num_attention_heads");
        int hidden = Int(json, "hidden_size");
        if (heads < 1) throw new LlamaException($"num_attention_heads is {heads}; expected at least 1.");
        int positions = Int(json, "max_position_embeddings", 2048);
        // Newer exporters move theta and scaling together into rope_parameters.
        JsonElement? rope = Object(json, "rope_parameters") ?? Object(json, "rope_scaling");
        LlamaConfig config = new()
        {
            VocabSize = Int(json, "vocab_size"),
            HiddenSize = hidden,
            IntermediateSize = Int(json, "intermediate_size"),
            Layers = Int(json, "num_hidden_layers"),
            Heads = heads,
            KvHeads = Int(json, "num_key_value_heads", heads),
            HeadDim = Int(json, "head_dim", hidden / heads),
            MaxPositions = positions,
            RmsNormEpsilon = (float)Number(json, "rms_norm_eps", 1e-6),
            RopeTheta = rope is { } r && Find(r, "rope_theta") is { } theta ? theta.GetDouble() : Number(json, "rope_theta", 10_000),
            RopeScaling = rope is { } s ? Scaling(s, positions) : null,
            TieWordEmbeddings = Flag(json, "tie_word_embeddings"),
            AttentionBias = Flag(json, "attention_bias"),
            MlpBias = Flag(json, "mlp_bias"),
            BosTokenId = Find(json, "bos_token_id") is { ValueKind: JsonValueKind.Number } bos ? bos.GetInt32() : null,
            EosTokenIds = Ids(Find(json, "eos_token_id")),
        };
        config.Validate();
        return config;
    }

    private static void RefuseOthers(JsonElement json)
    {
        string type = Find(json, "model_type")?.GetString() ?? "llama";
        if (type != "llama") throw new LlamaException($"model_type '{type}' is not supported; this decoder runs 'llama'.");
        string act = Find(json, "hidden_act")?.GetString() ?? "silu";
        if (act is not ("silu" or "swish")) throw new LlamaException($"hidden_act '{act}' is not supported; expected 'silu'.");
        if (Find(json, "quantization_config") is not null)
            throw new LlamaException("quantization_config: quantized weights are not supported; use the f32, f16 or bf16 export.");
        if (Number(json, "partial_rotary_factor", 1) != 1) throw new LlamaException("partial_rotary_factor other than 1 is not supported.");
    }

    private static Llama3RopeScaling? Scaling(JsonElement rope, int positions)
    {
        string type = (Find(rope, "rope_type") ?? Find(rope, "type"))?.GetString() ?? "default";
        return type switch
        {
            "default" => null,
            "llama3" => new Llama3RopeScaling(
                Number(rope, "factor", null), Number(rope, "low_freq_factor", null), Number(rope, "high_freq_factor", null),
                Int(rope, "original_max_position_embeddings", positions)),
            _ => throw new LlamaException($"rope_type '{type}' is not supported; expected 'default' or 'llama3'."),
        };
    }

    private static IReadOnlyList<int> Ids(JsonElement? element) => element switch
    {
        { ValueKind: JsonValueKind.Number } one => [one.GetInt32()],
        { ValueKind: JsonValueKind.Array } many => [.. many.EnumerateArray().Select(e => e.GetInt32())],
        _ => [],
    };

    // A key that is present but null means the same as an absent one in exported configurations.
    private static JsonElement? Find(JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static JsonElement? Object(JsonElement json, string name) =>
        Find(json, name) is { } value
            ? value.ValueKind == JsonValueKind.Object ? value : throw new LlamaException($"{name} is not an object.")
            : null;

    private static int Int(JsonElement json, string name, int? fallback = null)
    {
        if (Find(json, name) is not { } value) return fallback ?? throw new LlamaException($"{name} is missing.");
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number)
            ? number : throw new LlamaException($"{name} is {value.GetRawText()}; expected an integer.");
    }

    private static double Number(JsonElement json, string name, double? fallback)
    {
        if (Find(json, name) is not { } value) return fallback ?? throw new LlamaException($"{name} is missing.");
        return value.ValueKind == JsonValueKind.Number
            ? value.GetDouble() : throw new LlamaException($"{name} is {value.GetRawText()}; expected a number.");
    }

    private static bool Flag(JsonElement json, string name) => Find(json, name) is { } value
        && (value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean() : throw new LlamaException($"{name} is {value.GetRawText()}; expected true or false."));
}
