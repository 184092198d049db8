using System.Text.RegularExpressions;
using PrefixCache.Samples.Llama.Model;

namespace PrefixCache.Samples.Llama.Tokenizer;

/// <summary>Cuts text into the pieces that merges never cross.</summary>
/// <remarks>
/// Immutable. Patterns run on UTF-16, so a letter outside the basic plane is not seen as a letter; the bytes survive all the same.
/// </remarks>
internal sealed class PreTokenizer
{
    /// <summary>The pattern of GPT-2, which <c>ByteLevel</c> applies unless told otherwise.</summary>
    public const string Gpt2Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    /// <summary>The pattern of Llama 3: numbers in groups of three, line ends kept with the punctuation before them.</summary>
    public const string Llama3Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private readonly List<Regex> _patterns = [];

    /// <summary>A text gets a leading space unless it has one.</summary>
    public bool AddPrefixSpace { get; set; }

    public void AddPattern(string pattern)
    {
        try
        {
            _patterns.Add(new Regex(pattern, RegexOptions.CultureInvariant));
        }
        catch (ArgumentException e)
        {
            throw new LlamaException($"pre_tokenizer: pattern '{pattern}' is not supported: {e.Message}", e);
        }
    }

    public List<string> Split(string text)
    {
        if (text.Length == 0) return [];
        if (AddPrefixSpace && text[0] != ' ') text = " " + text;
        List<string> pieces = [text];
        foreach (Regex pattern in _patterns)
        {
            List<string> finer = [];
            foreach (string piece in pieces) Isolate(pattern, piece, finer);
            pieces = finer;
        }
        return pieces;
    }

    /// <summary>Each match becomes a piece, and so does what lies between two.</summary>
    private static void Isolate(Regex pattern, string text, List<string> pieces)
    {
        int end = 0;
        foreach (ValueMatch match in pattern.EnumerateMatches(text))
        {
            if (match.Length == 0) continue;
            if (match.Index > end) pieces.Add(text[end..match.Index]);
            pieces.Add(text.Substring(match.Index, match.Length));
            end = match.Index + match.Length;
        }
        if (end < text.Length) pieces.Add(text[end..]);
    }
}
