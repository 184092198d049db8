using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using PrefixCache.Samples.Llama.Cache;
using PrefixCache.Samples.Llama.Model;
using PrefixCache.Samples.Llama.Weights;

namespace PrefixCache.SampleTests.Reference;

/// <summary>A Hugging Face folder with a tiny model, written by the test and removed with it.</summary>
internal sealed class ModelFolder : IDisposable
{
    private ModelFolder(string path) => FolderPath = path;

    public string FolderPath { get; }

    public string Weights => Path.Combine(FolderPath, "model.safetensors");

    public string Config => Path.Combine(FolderPath, "config.json");

    public static ModelFolder Empty() => new(Directory.CreateTempSubdirectory("llama-test-").FullName);

    /// <summary>Writes configuration and weights, in one file or in two shards.</summary>
    public static ModelFolder Write(LlamaConfig config, ulong seed, KvDtype dtype, bool sharded = false, Action<JsonObject>? edit = null)
    {
        ModelFolder folder = Empty();
        JsonObject json = ConfigJson(config);
        edit?.Invoke(json);
        File.WriteAllText(folder.Config, json.ToJsonString());
        List<(string Name, int[] Shape)> tensors = [.. Tensors(config)];
        if (!sharded)
        {
            WriteSafetensors(folder.Weights, tensors, seed, dtype);
            return folder;
        }
        JsonObject map = [];
        for (int shard = 0; shard < 2; shard++)
        {
            string name = $"model-0000{shard + 1}-of-00002.safetensors";
            List<(string Name, int[] Shape)> part = [.. tensors.Where((_, i) => i % 2 == shard)];
            WriteSafetensors(Path.Combine(folder.FolderPath, name), part, seed, dtype);
            foreach ((string tensor, _) in part) map[tensor] = name;
        }
        File.WriteAllText(folder.Weights + ".index.json",
            new JsonObject { ["metadata"] = new JsonObject(), ["weight_map"] = map }.ToJsonString());
        return folder;
    }

    public static JsonObject ConfigJson(LlamaConfig config)
    {
        JsonObject json = new()
        {
            ["architectures"] = new JsonArray("LlamaForCausalLM"),
            ["model_type"] = "llama",
            ["hidden_act"] = "silu",
            ["vocab_size"] = config.VocabSize,
            ["hidden_size"] = config.HiddenSize,
            ["intermediate_size"] = config.IntermediateSize,
            ["num_hidden_layers"] = config.Layers,
            ["num_attention_heads"] = config.Heads,
            ["num_key_value_heads"] = config.KvHeads,
            ["head_dim"] = config.HeadDim,
            ["max_position_embeddings"] = config.MaxPositions,
            ["rms_norm_eps"] = config.RmsNormEpsilon,
            ["rope_theta"] = config.RopeTheta,
            ["rope_scaling"] = null,
            ["tie_word_embeddings"] = config.TieWordEmbeddings,
            ["attention_bias"] = config.AttentionBias,
            ["mlp_bias"] = config.MlpBias,
        };
        if (config.RopeScaling is { } scaling) json["rope_scaling"] = Scaling(scaling);
        return json;
    }

    public static JsonObject Scaling(Llama3RopeScaling scaling) => new()
    {
        ["rope_type"] = "llama3",
        ["factor"] = scaling.Factor,
        ["low_freq_factor"] = scaling.LowFrequencyFactor,
        ["high_freq_factor"] = scaling.HighFrequencyFactor,
        ["original_max_position_embeddings"] = scaling.OriginalMaxPositions,
    };

    public void Dispose() => Directory.Delete(FolderPath, recursive: true);

    private static IEnumerable<(string Name, int[] Shape)> Tensors(LlamaConfig config)
    {
        int hidden = config.HiddenSize, inner = config.IntermediateSize, queries = config.Heads * config.HeadDim;
        yield return ("model.embed_tokens.weight", [config.VocabSize, hidden]);
        for (int layer = 0; layer < config.Layers; layer++)
        {
            string prefix = $"model.layers.{layer}.";
            yield return (prefix + "input_layernorm.weight", [hidden]);
            yield return (prefix + "post_attention_layernorm.weight", [hidden]);
            (string Name, int Rows, int Columns, bool Bias)[] matrices =
            [
                ("self_attn.q_proj", queries, hidden, config.AttentionBias),
                ("self_attn.k_proj", config.KvWidth, hidden, config.AttentionBias),
                ("self_attn.v_proj", config.KvWidth, hidden, config.AttentionBias),
                ("self_attn.o_proj", hidden, queries, config.AttentionBias),
                ("mlp.gate_proj", inner, hidden, config.MlpBias), ("mlp.up_proj", inner, hidden, config.MlpBias),
                ("mlp.down_proj", hidden, inner, config.MlpBias),
            ];
            foreach ((string name, int rows, int columns, bool bias) in matrices)
            {
                yield return ($"{prefix}{name}.weight", [rows, columns]);
                if (bias) yield return ($"{prefix}{name}.bias", [rows]);
            }
        }
        yield return ("model.norm.weight", [hidden]);
        if (!config.TieWordEmbeddings) yield return ("lm_head.weight", [config.VocabSize, hidden]);
    }

    private static void WriteSafetensors(string path, List<(string Name, int[] Shape)> tensors, ulong seed, KvDtype dtype)
    {
        SeededWeights source = new(seed);
        JsonObject header = new() { ["__metadata__"] = new JsonObject { ["format"] = "pt" } };
        using MemoryStream data = new();
        foreach ((string name, int[] shape) in tensors)
        {
            long start = data.Length;
            void Append(ReadOnlySpan<float> values)
            {
                byte[] bytes = new byte[values.Length * KvElements.Size(dtype)];
                KvElements.Round(values, bytes, dtype);
                data.Write(bytes);
            }
            if (shape.Length == 1) Append(source.ReadVector(name, shape[0]));
            else source.ReadMatrix(name, shape[0], shape[1], (_, rows) => Append(rows));
            header[name] = new JsonObject
            {
                ["dtype"] = dtype.ToString().ToUpperInvariant(),
                ["shape"] = new JsonArray([.. shape.Select(d => (JsonNode)d)]),
                ["data_offsets"] = new JsonArray(start, data.Length),
            };
        }
        byte[] json = Encoding.UTF8.GetBytes(header.ToJsonString());
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        File.WriteAllBytes(path, [.. length, .. json, .. data.ToArray()]);
    }
}
