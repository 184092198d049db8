using System.Text.Json;
using System.Text.RegularExpressions;
using PrefixCache.Samples.Llama.Model;

namespace PrefixCache.Samples.Llama.Tokenizer;

/// <summary>Reads <c>tokenizer.json</c>; parts that would change ids and are not implemented are refused by name.</summary>
internal static class TokenizerFile
{
    public static BpeTokenizer Load(string path)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            return new BpeTokenizer(Parse(document.RootElement));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException
            or FormatException or KeyNotFoundException or LlamaException)
        {
            throw new LlamaException($"{path}: {e.Message}", e);
        }
    }

    private static TokenizerParts Parse(JsonElement json)
    {
        TokenizerParts parts = new();
        ReadModel(json.GetProperty("model"), parts);
        if (Find(json, "added_tokens") is { } added)
        {
            foreach (JsonElement token in added.EnumerateArray())
            {
                string content = token.GetProperty("content").GetString()!;
                if (content.Length == 0) throw new LlamaException("added_tokens: an empty token matches everywhere.");
                parts.Added.Add(new AddedToken(Id(token.GetProperty("id")), content, Flag(token, "special")));
            }
        }
        if (Find(json, "normalizer") is { } normalizer)
        {
            string type = Type(normalizer);
            parts.Normalize = type == "NFC"
                ? true : throw new LlamaException($"normalizer '{type}' is not supported; expected NFC or none.");
        }
        if (Find(json, "pre_tokenizer") is { } preTokenizer) ReadPreTokenizer(preTokenizer, parts.PreTokenizer);
        else throw new LlamaException("pre_tokenizer is missing; a byte-level vocabulary needs ByteLevel.");
        if (Find(json, "post_processor") is { } postProcessor) ReadPostProcessor(postProcessor, parts);
        return parts;
    }

    private static void ReadModel(JsonElement model, TokenizerParts parts)
    {
        string type = Find(model, "type")?.GetString() ?? "BPE";
        if (type != "BPE") throw new LlamaException($"model '{type}' is not supported; expected BPE.");
        if (Flag(model, "byte_fallback")) throw new LlamaException("byte_fallback is not supported; expected a byte-level vocabulary.");
        if (Find(model, "continuing_subword_prefix") is { } p && p.GetString() != ""
            || Find(model, "end_of_word_suffix") is { } s && s.GetString() != "")
            throw new LlamaException("continuing_subword_prefix and end_of_word_suffix are not supported.");
        parts.IgnoreMerges = Flag(model, "ignore_merges");
        foreach (JsonProperty entry in model.GetProperty("vocab").EnumerateObject()) parts.Vocabulary[entry.Name] = Id(entry.Value);
        foreach (JsonElement merge in model.GetProperty("merges").EnumerateArray())
        {
            string[] pair = merge.ValueKind == JsonValueKind.Array
                ? [.. merge.EnumerateArray().Select(side => side.GetString()!)]
                : merge.GetString()!.Split(' ');
            if (pair.Length != 2 || !parts.Vocabulary.TryGetValue(pair[0], out int left)
                || !parts.Vocabulary.TryGetValue(pair[1], out int right)
                || !parts.Vocabulary.TryGetValue(pair[0] + pair[1], out int merged))
            {
                throw new LlamaException($"merges: {merge.GetRawText()} does not join two tokens of the vocabulary to a third.");
            }
            parts.Merges.Add(left, right, merged);
        }
    }

    private static void ReadPreTokenizer(JsonElement json, PreTokenizer preTokenizer)
    {
        switch (Type(json))
        {
            case "Sequence":
                foreach (JsonElement step in json.GetProperty("pretokenizers").EnumerateArray()) ReadPreTokenizer(step, preTokenizer);
                break;
            case "ByteLevel":
                if (Flag(json, "add_prefix_space")) preTokenizer.AddPrefixSpace = true;
                if (Find(json, "use_regex") is not { ValueKind: JsonValueKind.False }) preTokenizer.AddPattern(PreTokenizer.Gpt2Pattern);
                break;
            case "Digits":
                preTokenizer.AddPattern(Flag(json, "individual_digits") ? @"\p{N}" : @"\p{N}+");
                break;
            case "Split":
                string behavior = json.GetProperty("behavior").GetString()!;
                if (behavior != "Isolated" || Flag(json, "invert"))
                    throw new LlamaException(
                        $"pre_tokenizer Split with behavior {behavior} or inverted is not supported; expected Isolated.");
                JsonElement pattern = json.GetProperty("pattern");
                preTokenizer.AddPattern(Find(pattern, "Regex")?.GetString() ?? Regex.Escape(pattern.GetProperty("String").GetString()!));
                break;
            default:
                throw new LlamaException(
                    $"pre_tokenizer '{Type(json)}' is not supported; expected ByteLevel, Split, Digits or a Sequence of those.");
        }
    }

    private static void ReadPostProcessor(JsonElement json, TokenizerParts parts)
    {
        switch (Type(json))
        {
            case "Sequence":
                foreach (JsonElement step in json.GetProperty("processors").EnumerateArray()) ReadPostProcessor(step, parts);
                break;
            case "ByteLevel":
                break;
            case "TemplateProcessing":
                bool behind = false;
                foreach (JsonElement item in json.GetProperty("single").EnumerateArray())
                {
                    if (item.TryGetProperty("Sequence", out _))
                    {
                        behind = true;
                        continue;
                    }
                    string name = item.GetProperty("SpecialToken").GetProperty("id").GetString()!;
                    JsonElement ids = json.GetProperty("special_tokens").GetProperty(name).GetProperty("ids");
                    (behind ? parts.Suffix : parts.Prefix).AddRange(ids.EnumerateArray().Select(Id));
                }
                break;
            default:
                throw new LlamaException($"post_processor '{Type(json)}' is not supported; expected TemplateProcessing.");
        }
    }

    private static string Type(JsonElement json) => json.GetProperty("type").GetString() ?? "";

    private static JsonElement? Find(JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static bool Flag(JsonElement json, string name) => Find(json, name) is { } value && value.GetBoolean();

    // Ids index arrays, so a damaged one must not make them huge.
    private static int Id(JsonElement json) => json.TryGetInt32(out int id) && id is >= 0 and < 1 << 22
        ? id : throw new LlamaException($"token id {json.GetRawText()} is out of range.");
}
