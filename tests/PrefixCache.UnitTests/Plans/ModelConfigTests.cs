using PrefixCache.Cli.Plan.Configs;
using PrefixCache.Cli.Plan.Models;

namespace PrefixCache.UnitTests.Plans;

/// <summary>Shapes from config.json, and what is said of one that is faulty.</summary>
public class ModelConfigTests
{
    private const string Llama = """
        "model_type": "llama", "num_hidden_layers": 32, "hidden_size": 4096, "intermediate_size": 14336, "num_attention_heads": 32,
        "num_key_value_heads": 8, "vocab_size": 128256, "max_position_embeddings": 131072, "tie_word_embeddings": false,
            "torch_dtype": "bfloat16"
        """;

    private const string DeepSeek = """
        {"model_type": "deepseek_v3", "num_hidden_layers": 61, "hidden_size": 7168, "intermediate_size": 18432, "num_attention_heads": 128,
        "num_key_value_heads": 128, "vocab_size": 129280, "q_lora_rank": 1536, "kv_lora_rank": 512, "qk_nope_head_dim": 128,
        "qk_rope_head_dim": 64, "v_head_dim": 128, "n_routed_experts": 256, "num_experts_per_tok": 8, "n_shared_experts": 1,
        "moe_intermediate_size": 2048, "moe_layer_freq": 1, "first_k_dense_replace": 3, "topk_method": "noaux_tc",
            "torch_dtype": "bfloat16",
        "quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128]}}
        """;

    [Fact]
    public void Parse_OfLlama_IsTheNamedModel()
    {
        var named = ModelCatalog.Find("llama-3.1-8b")!;
        Assert.Equal(named with { Name = "x", Source = "x", Notes = [] }, ModelConfig.Parse("x", $"{{{Llama}}}") with { Notes = [] }, Same);
    }

    [Fact]
    public void Parse_OfDeepSeek_IsTheNamedModelInFp8()
    {
        var shape = ModelConfig.Parse("x", DeepSeek);
        Assert.Equal((671_026_419_200, WeightType.Float8), (new ModelTensors(shape).Parameters, shape.WeightType));
        Assert.Contains("fp8", Assert.Single(shape.Notes), StringComparison.Ordinal);
    }

    /// <summary>Counts of the published checkpoints.</summary>
    [Theory]
    [InlineData("""
        {"model_type": "mixtral", "num_hidden_layers": 32, "hidden_size": 4096, "intermediate_size": 14336, "num_attention_heads": 32,
        "num_key_value_heads": 8, "vocab_size": 32000, "num_local_experts": 8, "num_experts_per_tok": 2, "sliding_window": null}
        """, 46_702_792_704)]
    [InlineData("""
        {"model_type": "qwen2", "num_hidden_layers": 24, "hidden_size": 896, "intermediate_size": 4864, "num_attention_heads": 14,
        "num_key_value_heads": 2, "vocab_size": 151936, "tie_word_embeddings": true, "sliding_window": 32768, "use_sliding_window": false}
        """, 494_032_768)] // Qwen2.5 0.5B
    [InlineData("""
        {"model_type": "qwen3", "num_hidden_layers": 28, "hidden_size": 1024, "intermediate_size": 3072, "num_attention_heads": 16,
        "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151936, "tie_word_embeddings": true, "attention_bias": false}
        """, 596_049_920)] // Qwen3 0.6B
    [InlineData("""
        {"model_type": "gpt2", "n_layer": 12, "n_embd": 768, "n_head": 12, "n_positions": 1024, "vocab_size": 50257, "n_inner": null}
        """, 124_439_808)] // GPT-2
    [InlineData("""
        {"model_type": "opt", "num_hidden_layers": 12, "hidden_size": 768, "ffn_dim": 3072, "num_attention_heads": 12, "vocab_size": 50272,
        "max_position_embeddings": 2048}
        """, 125_239_296)] // OPT 125M
    public void Parse_OfPublishedConfigs_CountsTheirCheckpoints(string config, long parameters)
    {
        var shape = ModelConfig.Parse("x", config);
        Assert.Equal((parameters, 0), (new ModelTensors(shape).Parameters, shape.SlidingLayers));
    }

    [Fact]
    public void Parse_OfAModelThatSees_ReadsItsDecoder() => Assert.Equal(8, ModelConfig.Parse(
        "x", "{\"model_type\": \"llava\", \"text_config\": {" + Llama + "}}").KvHeads);

    [Theory]
    [InlineData("{\"quant_method\": \"awq\", \"bits\": 4}", "int4")]
    [InlineData("{\"quant_method\": \"gptq\", \"bits\": 8}", "int8")]
    [InlineData("{\"quant_method\": \"bitsandbytes\", \"load_in_4bit\": true}", "int4")]
    [InlineData("{\"quant_method\": \"compressed-tensors\", \"config_groups\": {\"group_0\": {\"weights\": {\"num_bits\": 8, \"type\": "
        + "\"float\"}}}}", "fp8")]
    [InlineData("{\"quant_method\": \"new\"}", "bf16")]
    public void Parse_Quantization_IsAHint(string quantization, string type) =>
        Assert.Equal(type, ModelConfig.Parse("x", "{" + Llama + ", \"quantization_config\": " + quantization + "}").WeightType.Name);

    [Theory]
    [InlineData("\"sliding_window\": 4096, \"model_type\": \"mistral\"", 32)]
    [InlineData("\"sliding_window\": 4096, \"model_type\": \"gemma2\"", 16)]
    [InlineData("\"sliding_window\": 4096, \"model_type\": \"qwen2\", \"use_sliding_window\": true, \"max_window_layers\": 28", 4)]
    public void Parse_Windows_CountsTheirLayers(string fields, int layers) => Assert.Equal(layers, ModelConfig.Parse(
        "x", $"{{{Llama.Replace("\"model_type\": \"llama\",", "", StringComparison.Ordinal)}, {fields}}}").SlidingLayers);

    [Theory]
    [InlineData("\"hidden_size\": 4096", "\"hidden_size\": null", "hidden_size or n_embd is missing")]
    [InlineData("\"vocab_size\": 128256,", "", "vocab_size is missing")]
    [InlineData("\"num_key_value_heads\": 8", "\"num_key_value_heads\": 7",
        "num_key_value_heads is 7: it must divide num_attention_heads, 32")]
    [InlineData("\"num_hidden_layers\": 32", "\"num_hidden_layers\": \"32\"", "num_hidden_layers is \"32\": it must be a whole number")]
    [InlineData("\"num_hidden_layers\": 32", "\"num_hidden_layers\": -1", "num_hidden_layers is -1")]
    [InlineData("\"hidden_size\": 4096", "\"hidden_size\": 4097", "head_dim is missing, and hidden_size 4097 is no multiple")]
    [InlineData("\"torch_dtype\": \"bfloat16\"", "\"torch_dtype\": \"ternary\"", "torch_dtype is 'ternary'")]
    [InlineData("\"torch_dtype\"", "\"layer_types\": [\"full_attention\"], \"torch_dtype\"",
        "layer_types has 1 entries: there are 32 layers")]
    [InlineData("\"torch_dtype\"", "\"mamba_d_state\": 16, \"torch_dtype\"",
        "mamba_d_state is there: the model has layers without attention")]
    [InlineData("\"torch_dtype\"", "\"num_local_experts\": 2, \"num_experts_per_tok\": 3, \"torch_dtype\"",
        "num_experts_per_tok is 3: there are 2 experts")]
    [InlineData("\"num_hidden_layers\": 32", "\"num_hidden_layers\": 16777216", "more than 10^15 parameters")]
    [InlineData("\"model_type\": \"llama\",", "\"model_type\": 7,", "model_type is 7: it must be text")]
    [InlineData("\"model_type\": \"llama\",", "", "")]
    public void Parse_OfAFaultyConfig_NamesTheField(string from, string to, string fault)
    {
        var text = "{" + Llama.Replace(from, to, StringComparison.Ordinal) + "}";
        if (fault.Length == 0)
        {
            Assert.Contains("no model_type", Assert.Single(ModelConfig.Parse("x", text).Notes), StringComparison.Ordinal);
            return;
        }

        Assert.Contains(fault, Assert.Throws<ModelConfigException>(() => ModelConfig.Parse("x", text)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("")]
    public void Parse_OfNoObject_IsRefused(string text) => Assert.Throws<ModelConfigException>(() => ModelConfig.Parse("x", text));

    private static bool Same(ModelShape one, ModelShape other) => (one with { Notes = other.Notes }) == other;
}
