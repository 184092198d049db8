using PrefixCache.Samples.Serving.Texts;

namespace PrefixCache.Samples.ClinicalExtraction.Corpus;

/// <summary>The texts of the sample: instructions, examples and notes, carried inside the assembly.</summary>
public sealed class ClinicalCorpus
{
    /// <summary>
    /// Every prompt carries the shared texts and one note, so they weigh more than a note; with three, common words of both become
    /// single tokens.
    /// </summary>
    private const int SharedWeight = 3;

    private ClinicalCorpus(string instructions, string examples, IReadOnlyList<ClinicalNote> notes)
    {
        Instructions = instructions;
        Examples = examples;
        Notes = notes;
    }

    /// <summary>What every prompt begins with.</summary>
    public string Instructions { get; }

    /// <summary>Notes with their answers, the same in every prompt.</summary>
    public string Examples { get; }

    /// <summary>The notes, in the order that they are worked on.</summary>
    public IReadOnlyList<ClinicalNote> Notes { get; }

    /// <summary>What the vocabulary of the seeded model is learnt from.</summary>
    public IEnumerable<string> VocabularyTexts =>
        Enumerable.Repeat<string[]>([Instructions, Examples], SharedWeight).SelectMany(texts => texts)
            .Concat(Notes.Select(note => note.Text));

    /// <summary>Reads the texts.</summary>
    public static ClinicalCorpus Load()
    {
        EmbeddedTexts texts = new(typeof(ClinicalCorpus).Assembly);
        IEnumerable<ClinicalNote> notes = texts.ReadFolder("notes/").Select(note => new ClinicalNote(note.Name, note.Text));
        return new ClinicalCorpus(texts.Read("prompts/instructions.md"), texts.Read("prompts/examples.md"), [.. notes]);
    }
}
