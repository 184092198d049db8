using System.Text.Json.Nodes;
using PrefixCache.Samples.Llama.Model;
using PrefixCache.SampleTests.Reference;

namespace PrefixCache.SampleTests.Model;

public class ConfigTests
{
    [Fact]
    public void Read_WrittenConfig_GivesItBack()
    {
        LlamaConfig config = TinyModels.Wide with { RopeScaling = TinyModels.Llama3, AttentionBias = true };
        Assert.Equal(config with { EosTokenIds = [] }, Read(ModelFolder.ConfigJson(config)) with { EosTokenIds = [] }, SameExceptLists);
    }

    [Fact]
    public void Read_OnlyWhatIsRequired_TakesDefaults()
    {
        JsonObject json = ModelFolder.ConfigJson(TinyModels.Wide);
        foreach (string name in (string[])["num_key_value_heads", "head_dim", "rms_norm_eps", "rope_theta", "tie_word_embeddings",
            "model_type"])
            json.Remove(name);
        json["eos_token_id"] = new JsonArray(5, 6);
        LlamaConfig config = Read(json);
        Assert.Equal((4, 32, 1e-6f, 10_000), (config.KvHeads, config.HeadDim, config.RmsNormEpsilon, config.RopeTheta));
        Assert.False(config.TieWordEmbeddings);
        Assert.Equal([5, 6], config.EosTokenIds);
    }

    [Theory]
    [InlineData("model_type", "\"mamba\"", "mamba")]
    [InlineData("hidden_act", "\"gelu\"", "gelu")]
    [InlineData("rope_scaling", "{\"rope_type\":\"yarn\",\"factor\":4}", "yarn")]
    [InlineData("rope_scaling", "{\"type\":\"linear\",\"factor\":4}", "linear")]
    [InlineData("rope_scaling", "{\"rope_type\":\"llama3\",\"factor\":4}", "low_freq_factor")]
    [InlineData("rope_parameters", "7", "rope_parameters")]
    [InlineData("quantization_config", "{}", "quantization_config")]
    [InlineData("hidden_size", "null", "hidden_size")]
    [InlineData("hidden_size", "\"many\"", "many")]
    [InlineData("num_attention_heads", "0", "num_attention_heads")]
    [InlineData("num_key_value_heads", "3", "multiple")]
    [InlineData("head_dim", "33", "even")]
    [InlineData("vocab_size", "-1", "vocab_size")]
    [InlineData("attention_bias", "1", "attention_bias")]
    public void Read_UnsupportedOrWrong_NamesIt(string name, string value, string named)
    {
        JsonObject json = ModelFolder.ConfigJson(TinyModels.Wide);
        json[name] = JsonNode.Parse(value);
        LlamaException error = Assert.Throws<LlamaException>(() => Read(json));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.Contains("config.json", error.Message, StringComparison.Ordinal);
    }

    private static bool SameExceptLists(LlamaConfig a, LlamaConfig b) =>
        a with { EosTokenIds = b.EosTokenIds } == b;

    private static LlamaConfig Read(JsonObject json)
    {
        using ModelFolder folder = ModelFolder.Empty();
        File.WriteAllText(folder.Config, json.ToJsonString());
        return LlamaConfigReader.Read(folder.Config);
    }
}
