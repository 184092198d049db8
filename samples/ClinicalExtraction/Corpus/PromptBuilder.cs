using PrefixCache.Samples.Llama.Tokenizer;

namespace PrefixCache.Samples.ClinicalExtraction.Corpus;

/// <summary>Turns notes into token sequences that all begin with the same instructions and examples.</summary>
/// <remarks>Immutable; safe to use from any thread.</remarks>
public sealed class PromptBuilder
{
    private readonly BpeTokenizer _tokenizer;
    private readonly int[] _shared;

    /// <summary>Encodes the shared part once.</summary>
    public PromptBuilder(ClinicalCorpus corpus, BpeTokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        ArgumentNullException.ThrowIfNull(tokenizer);
        _tokenizer = tokenizer;
        int[] instructions = tokenizer.Encode(corpus.Instructions + "\n", addSpecial: false);
        int[] examples = tokenizer.Encode(corpus.Examples + "\n", addSpecial: false);
        InstructionTokens = instructions.Length;
        ExampleTokens = examples.Length;
        _shared = [.. tokenizer.Prefix, .. instructions, .. examples];
    }

    /// <summary>Tokens of the instruction block.</summary>
    public int InstructionTokens { get; }

    /// <summary>Tokens of the examples.</summary>
    public int ExampleTokens { get; }

    /// <summary>Tokens that every prompt begins with.</summary>
    public int SharedTokens => _shared.Length;

    /// <summary>The prompt of one note.</summary>
    /// <remarks>The note is encoded on its own: no token spans the border, so the shared part is the same whatever follows.</remarks>
    public int[] Build(ClinicalNote note)
    {
        ArgumentNullException.ThrowIfNull(note);
        return [.. _shared, .. _tokenizer.Encode($"Note:\n{note.Text.Trim()}\n\nAnswer:\n", addSpecial: false)];
    }
}
