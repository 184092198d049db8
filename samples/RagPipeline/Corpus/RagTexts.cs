using PrefixCache.Samples.Serving.Texts;

namespace PrefixCache.Samples.RagPipeline.Corpus;

/// <summary>The texts of the sample: system block, documents and questions, carried inside the assembly.</summary>
public sealed class RagTexts
{
    private RagTexts(string system, IReadOnlyList<Document> documents, IReadOnlyList<string> questions)
    {
        System = system;
        Documents = documents;
        Questions = questions;
    }

    /// <summary>What every prompt begins with.</summary>
    public string System { get; }

    /// <summary>In the order of their ids.</summary>
    public IReadOnlyList<Document> Documents { get; }

    /// <summary>In the order in which they are asked. They are skewed: most are about a few documents.</summary>
    public IReadOnlyList<string> Questions { get; }

    /// <summary>What the vocabulary of the seeded model is learnt from.</summary>
    public IEnumerable<string> VocabularyTexts => [System, .. Documents.Select(document => document.Text), .. Questions];

    /// <summary>Reads the texts.</summary>
    public static RagTexts Load()
    {
        EmbeddedTexts texts = new(typeof(RagTexts).Assembly);
        IEnumerable<Document> documents = texts.ReadFolder("documents/").Select(file => new Document(file.Name, file.Text.Trim()));
        const StringSplitOptions Lines = StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;
        string[] questions = texts.Read("questions.txt").Split('\n', Lines);
        return new RagTexts(texts.Read("prompts/system.md"), [.. documents], questions);
    }
}
