using System.Text.Json.Nodes;
using PrefixCache.Samples.Llama.Model;
using PrefixCache.Samples.Llama.Tokenizer;
using PrefixCache.SampleTests.Reference;

namespace PrefixCache.SampleTests.Tokenizer;

public class TokenizerFileTests
{
    private const int Byte = 0, Merged = 256, Begin = 300;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Load_Gpt2Style_MergesByRankInEitherSpelling(bool pairs)
    {
        BpeTokenizer tokenizer = Load(Gpt2(pairs));
        // Space (spelt Ġ) + h ranks before h + e, so the space takes the h; l + l and he + ll follow.
        Assert.Equal([Merged + 2, Byte + 'o'], tokenizer.Encode("hello"));
        Assert.Equal([Merged + 3, Byte + 'e', Merged + 1], tokenizer.Encode(" hell"));
        Assert.Equal("hello hell", tokenizer.Decode(tokenizer.Encode("hello hell")));
    }

    [Fact]
    public void Load_Llama3Style_SplitsByPatternAndBeginsWithBos()
    {
        JsonObject json = Gpt2(pairs: true);
        json["model"]!["ignore_merges"] = true;
        string pattern = JsonValue.Create(PreTokenizer.Llama3Pattern).ToJsonString();
        json["pre_tokenizer"] = JsonNode.Parse($$"""
            {"type":"Sequence","pretokenizers":[
              {"type":"Split","pattern":{"Regex":{{pattern}}},"behavior":"Isolated","invert":false},
              {"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}]}
            """);
        json["post_processor"] = JsonNode.Parse("""
            {"type":"Sequence","processors":[{"type":"ByteLevel"},
              {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<|begin|>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
               "special_tokens":{"<|begin|>":{"id":"<|begin|>","ids":[300],"tokens":["<|begin|>"]}}}]}
            """);
        BpeTokenizer tokenizer = Load(json);
        Assert.Equal([Begin, Merged + 2, Byte + 'o'], tokenizer.Encode("hello"));
        Assert.Equal([Merged + 2, Byte + 'o'], tokenizer.Encode("hello", addSpecial: false));
        // Numbers go in groups of three, so the merge of 3 and 4 applies within 234 and not across 123|4.
        Assert.Equal(['1', '2', '3', '4'], tokenizer.Encode("1234", addSpecial: false));
        Assert.Equal(['2', Merged + 4], tokenizer.Encode("234", addSpecial: false));
        // No merge makes this token; taken whole because merges are ignored where the vocabulary has the piece.
        Assert.Equal([Merged + 5], tokenizer.Encode("xyz", addSpecial: false));
        Assert.Equal([Begin, Begin, 'a'], tokenizer.Encode("<|begin|>a"));
    }

    [Fact]
    public void Load_PrefixSpace_AddsOne()
    {
        JsonObject json = Gpt2(pairs: true);
        json["pre_tokenizer"]!["add_prefix_space"] = true;
        Assert.Equal([Merged + 3, Byte + 'i'], Load(json).Encode("hi"));
    }

    [Fact]
    public void Encode_NfcAskedFor_ComposesOrRefusesButNeverIgnoresIt()
    {
        JsonObject json = Gpt2(pairs: true);
        json["normalizer"] = JsonNode.Parse("""{"type":"NFC"}""");
        BpeTokenizer tokenizer = Load(json);
        Assert.Equal(Load(Gpt2(pairs: true)).Encode("é hello"), tokenizer.Encode("é hello"));
        try
        {
            Assert.Equal(tokenizer.Encode("é"), tokenizer.Encode("e\u0301"));
        }
        catch (LlamaException e)
        {
            Assert.Contains("NFC", e.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("model", "{\"type\":\"Unigram\",\"vocab\":[]}", "Unigram")]
    [InlineData("model", "{\"type\":\"BPE\",\"byte_fallback\":true}", "byte_fallback")]
    [InlineData("model", "{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]}", "byte 0x00")]
    [InlineData("model", "{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\"a b\"]}", "merges")]
    [InlineData("model", "{\"type\":\"BPE\",\"vocab\":{\"a\":2000000000},\"merges\":[]}", "2000000000")]
    [InlineData("normalizer", "{\"type\":\"Lowercase\"}", "Lowercase")]
    [InlineData("pre_tokenizer", "{\"type\":\"Metaspace\"}", "Metaspace")]
    [InlineData("pre_tokenizer", "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(\"},\"behavior\":\"Isolated\"}", "pattern")]
    [InlineData("pre_tokenizer", "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"a\"},\"behavior\":\"Removed\"}", "Removed")]
    [InlineData("post_processor", "{\"type\":\"BertProcessing\"}", "BertProcessing")]
    public void Load_UnsupportedPart_NamesIt(string part, string value, string named)
    {
        JsonObject json = Gpt2(pairs: false);
        json[part] = JsonNode.Parse(value);
        LlamaException error = Assert.Throws<LlamaException>(() => Load(json));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.Contains("tokenizer.json", error.Message, StringComparison.Ordinal);
    }

    private static JsonObject Gpt2(bool pairs)
    {
        JsonObject vocabulary = [];
        for (int b = 0; b < 256; b++) vocabulary[ByteAlphabet.Char((byte)b).ToString()] = b;
        string[] tokens = ["he", "ll", "hell", "Ġh", "34", "xyz"];
        for (int i = 0; i < tokens.Length; i++) vocabulary[tokens[i]] = Merged + i;
        (string Left, string Right)[] merges = [("Ġ", "h"), ("h", "e"), ("l", "l"), ("he", "ll"), ("3", "4")];
        return new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = JsonNode.Parse("""[{"id":300,"content":"<|begin|>","special":true}]"""),
            ["normalizer"] = null,
            ["pre_tokenizer"] = JsonNode.Parse("""{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}"""),
            ["post_processor"] = JsonNode.Parse("""{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":false}"""),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["vocab"] = vocabulary,
                ["merges"] = new JsonArray([.. merges.Select(m => pairs
                    ? new JsonArray(m.Left, m.Right) : (JsonNode)$"{m.Left} {m.Right}")]),
            },
        };
    }

    private static BpeTokenizer Load(JsonObject json)
    {
        using ModelFolder folder = ModelFolder.Empty();
        string path = Path.Combine(folder.FolderPath, "tokenizer.json");
        File.WriteAllText(path, json.ToJsonString());
        return BpeTokenizer.Load(path);
    }
}
