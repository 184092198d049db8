using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using PrefixCache.Samples.Llama.Cache;
using PrefixCache.Samples.Llama.Model;
using PrefixCache.SampleTests.Reference;

namespace PrefixCache.SampleTests.Weights;

public class SafetensorsTests
{
    [Fact]
    public void Load_FileCutAnywhere_NamesFileAndDoesNotLoad()
    {
        using ModelFolder folder = Folder();
        byte[] whole = File.ReadAllBytes(folder.Weights);
        foreach (int length in (int[])[0, 7, 8, 100, whole.Length / 2, whole.Length - 1])
        {
            File.WriteAllBytes(folder.Weights, whole[..length]);
            Assert.Contains(folder.Weights, Error(folder), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 63)]
    [InlineData(99_999_999UL)]
    public void Load_HeaderLengthBeyondFile_Refused(ulong length)
    {
        using ModelFolder folder = Folder();
        byte[] bytes = File.ReadAllBytes(folder.Weights);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
        File.WriteAllBytes(folder.Weights, bytes);
        Assert.Contains("header", Error(folder), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[1, 2]")]
    [InlineData("{\"model.norm.weight\": 3}")]
    [InlineData("{\"model.norm.weight\": {\"dtype\": \"F32\"}}")]
    [InlineData("{\"model.norm.weight\": {\"dtype\": \"F32\", \"shape\": [\"x\"], \"data_offsets\": [0, 4]}}")]
    [InlineData("{\"model.norm.weight\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0]}}")]
    [InlineData("{\"model.norm.weight\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [-4, 0]}}")]
    [InlineData("{\"model.norm.weight\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [8, 4]}}")]
    [InlineData("{\"model.norm.weight\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 9223372036854775807]}}")]
    public void Load_BadHeader_NamesFile(string header)
    {
        using ModelFolder folder = Folder();
        byte[] json = Encoding.UTF8.GetBytes(header), length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        File.WriteAllBytes(folder.Weights, [.. length, .. json, .. new byte[16]]);
        Assert.Contains(folder.Weights, Error(folder), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_ShapeDiffersFromConfiguration_NamesTensorAndBothShapes()
    {
        using ModelFolder folder = Folder(json => json["intermediate_size"] = 76);
        string error = Error(folder);
        Assert.Contains("model.layers.0.mlp.gate_proj.weight", error, StringComparison.Ordinal);
        Assert.Contains("[75, 48]", error, StringComparison.Ordinal);
        Assert.Contains("[76, 48]", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_TensorMissing_NamesIt()
    {
        using ModelFolder folder = Folder(json => json["attention_bias"] = true);
        Assert.Contains("model.layers.0.self_attn.q_proj.bias", Error(folder), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_UnknownDtype_NamesIt()
    {
        using ModelFolder folder = Folder();
        byte[] bytes = File.ReadAllBytes(folder.Weights);
        int at = bytes.AsSpan().IndexOf("\"F32\""u8);
        "\"I32\""u8.CopyTo(bytes.AsSpan(at));
        File.WriteAllBytes(folder.Weights, bytes);
        Assert.Contains("I32", Error(folder), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../elsewhere.safetensors")]
    [InlineData("")]
    public void Load_ShardOutsideTheFolder_Refused(string shard)
    {
        using ModelFolder folder = Folder();
        File.Delete(folder.Weights);
        JsonObject map = new() { ["model.embed_tokens.weight"] = shard };
        File.WriteAllText(folder.Weights + ".index.json", new JsonObject { ["weight_map"] = map }.ToJsonString());
        Assert.Contains("not a plain file name", Error(folder), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_NoWeights_SaysWhatIsMissing()
    {
        using ModelFolder folder = Folder();
        File.Delete(folder.Weights);
        Assert.Contains("model.safetensors", Error(folder), StringComparison.Ordinal);
    }

    private static ModelFolder Folder(Action<JsonObject>? edit = null) => ModelFolder.Write(TinyModels.Grouped, 1, KvDtype.F32, edit: edit);

    private static string Error(ModelFolder folder) =>
        Assert.Throws<LlamaException>(() => LlamaModel.Load(folder.FolderPath).Dispose()).Message;
}
