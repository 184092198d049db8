namespace PrefixCache.Samples.Llama.Tokenizer;

/// <summary>What a tokenizer is made of, however it came about.</summary>
internal sealed class TokenizerParts
{
    /// <summary>Token in the byte alphabet to id.</summary>
    public Dictionary<string, int> Vocabulary { get; } = new(StringComparer.Ordinal);

    public BpeMerges Merges { get; } = new();

    public PreTokenizer PreTokenizer { get; } = new();

    public List<AddedToken> Added { get; } = [];

    /// <summary>A piece that is a token as a whole is taken as it is, whatever the merges would make of it.</summary>
    public bool IgnoreMerges { get; set; }

    /// <summary>Text is brought to Unicode normalization form C first.</summary>
    public bool Normalize { get; set; }

    public List<int> Prefix { get; } = [];

    public List<int> Suffix { get; } = [];
}
