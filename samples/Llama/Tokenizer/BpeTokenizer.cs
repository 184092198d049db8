using System.Text;
using PrefixCache.Samples.Llama.Model;

namespace PrefixCache.Samples.Llama.Tokenizer;

/// <summary>Byte-level BPE as GPT-2, Llama 3 and Qwen 2 use it: any text encodes, and decodes to the same bytes.</summary>
/// <remarks>Immutable; safe to use from any thread.</remarks>
public sealed class BpeTokenizer
{
    private readonly byte[][] _bytesOf;
    private readonly int[] _idOfByte = new int[256];
    private readonly BpeMerges _merges;
    private readonly PreTokenizer _preTokenizer;
    private readonly Dictionary<int, AddedToken> _added;
    private readonly AddedToken[] _addedLongestFirst;
    private readonly Dictionary<string, int>? _wholePieces;

    internal BpeTokenizer(TokenizerParts parts)
    {
        _merges = parts.Merges;
        _preTokenizer = parts.PreTokenizer;
        _added = parts.Added.ToDictionary(a => a.Id);
        _addedLongestFirst = [.. parts.Added.OrderByDescending(a => a.Content.Length)];
        _wholePieces = parts.IgnoreMerges ? parts.Vocabulary : null;
        (Prefix, Suffix, Normalize) = (parts.Prefix, parts.Suffix, parts.Normalize);
        VocabSize = 1 + Math.Max(parts.Vocabulary.Values.DefaultIfEmpty(-1).Max(), _added.Keys.DefaultIfEmpty(-1).Max());
        _bytesOf = new byte[VocabSize][];
        foreach ((string token, int id) in parts.Vocabulary) _bytesOf[id] = ByteAlphabet.Bytes(token);
        foreach (AddedToken token in parts.Added) _bytesOf[token.Id] = Encoding.UTF8.GetBytes(token.Content);
        for (int b = 0; b < 256; b++)
        {
            if (!parts.Vocabulary.TryGetValue(ByteAlphabet.Char((byte)b).ToString(), out _idOfByte[b]))
                throw new LlamaException($"vocab: no token for byte 0x{b:X2}; this is not a byte-level vocabulary.");
        }
    }

    /// <summary>One more than the highest token id.</summary>
    public int VocabSize { get; }

    /// <summary>Ids put before a text, usually the one that begins every sequence.</summary>
    public IReadOnlyList<int> Prefix { get; }

    /// <summary>Ids put behind a text.</summary>
    public IReadOnlyList<int> Suffix { get; }

    private bool Normalize { get; }

    /// <summary>Loads a Hugging Face <c>tokenizer.json</c>.</summary>
    /// <exception cref="LlamaException">Unreadable, or of a kind that is not byte-level BPE; the message says which part.</exception>
    public static BpeTokenizer Load(string path) => TokenizerFile.Load(path);

    /// <summary>Learns a vocabulary from texts; the same texts in the same order give the same vocabulary.</summary>
    /// <param name="merges">Tokens learnt beside the 256 bytes; fewer when no pair occurs twice any more.</param>
    /// <param name="special">Texts of control tokens, which get the highest ids.</param>
    public static BpeTokenizer Train(IEnumerable<string> texts, int merges, params IReadOnlyList<string> special) =>
        BpeTrainer.Train(texts, merges, special);

    /// <summary>Encodes a text.</summary>
    /// <param name="addSpecial">Put <see cref="Prefix"/> before and <see cref="Suffix"/> behind.</param>
    public int[] Encode(string text, bool addSpecial = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (Normalize) text = ToFormC(text);
        List<int> ids = addSpecial ? [.. Prefix] : [];
        int start = 0;
        for (int i = 0; i < text.Length;)
        {
            AddedToken? token = AddedAt(text, i);
            if (token is null)
            {
                i++;
                continue;
            }
            EncodePlain(text[start..i], ids);
            ids.Add(token.Id);
            start = i += token.Content.Length;
        }
        EncodePlain(text[start..], ids);
        if (addSpecial) ids.AddRange(Suffix);
        return [.. ids];
    }

    /// <summary>The text that ids stand for; bytes that are no UTF-8 show as U+FFFD.</summary>
    /// <param name="skipSpecial">Leave control tokens out.</param>
    /// <exception cref="LlamaException">An id is not in the vocabulary.</exception>
    public string Decode(IEnumerable<int> ids, bool skipSpecial = true)
    {
        ArgumentNullException.ThrowIfNull(ids);
        using MemoryStream bytes = new();
        foreach (int id in ids)
        {
            if ((uint)id >= (uint)VocabSize || _bytesOf[id] is null) throw new LlamaException($"Token {id} is not in the vocabulary.");
            if (skipSpecial && _added.TryGetValue(id, out AddedToken? token) && token.Special) continue;
            bytes.Write(_bytesOf[id]);
        }
        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }

    /// <summary>The id of an added token's text, or null.</summary>
    public int? IdOf(string addedToken) => _addedLongestFirst.FirstOrDefault(a => a.Content == addedToken)?.Id;

    private static string ToFormC(string text)
    {
        // Nothing below U+0300 composes. Without Unicode data (invariant globalization) the runtime would return the text as it is,
        // and ids would silently differ from those that the model was trained with.
        if (text.All(c => c < 0x300)) return text;
        if ("e\u0301".Normalize(NormalizationForm.FormC).Length != 1)
            throw new LlamaException(
                "The tokenizer asks for NFC, which this program cannot do for characters above U+02FF; give --tokens instead.");
        return text.Normalize(NormalizationForm.FormC);
    }

    private AddedToken? AddedAt(string text, int index)
    {
        foreach (AddedToken token in _addedLongestFirst)
        {
            if (string.CompareOrdinal(text, index, token.Content, 0, token.Content.Length) == 0) return token;
        }
        return null;
    }

    private void EncodePlain(string text, List<int> ids)
    {
        foreach (string piece in _preTokenizer.Split(text))
        {
            byte[] bytes = Encoding.UTF8.GetBytes(piece);
            if (_wholePieces is not null && _wholePieces.TryGetValue(string.Concat(bytes.Select(ByteAlphabet.Char)), out int whole))
                ids.Add(whole);
            else ids.AddRange(_merges.Apply(Array.ConvertAll(bytes, b => _idOfByte[b])));
        }
    }
}
