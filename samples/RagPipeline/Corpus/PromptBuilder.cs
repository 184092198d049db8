using PrefixCache.Samples.Llama.Tokenizer;

namespace PrefixCache.Samples.RagPipeline.Corpus;

/// <summary>Turns documents and a question into tokens: system block, documents, question.</summary>
/// <remarks>
/// Every document is encoded once, on its own, and carries neither its rank nor its place: its tokens are the same wherever it stands.
/// Its KV is not, for that depends on all tokens before it. Immutable; safe to use from any thread.
/// </remarks>
public sealed class PromptBuilder
{
    private readonly BpeTokenizer _tokenizer;
    private readonly int[] _system;
    private readonly Dictionary<string, int[]> _documents;

    /// <summary>Encodes the system block and all documents.</summary>
    public PromptBuilder(RagTexts texts, BpeTokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentNullException.ThrowIfNull(tokenizer);
        _tokenizer = tokenizer;
        _system = [.. tokenizer.Prefix, .. tokenizer.Encode(texts.System, addSpecial: false)];
        _documents = texts.Documents.ToDictionary(
            document => document.Id, document => tokenizer.Encode($"[{document.Id}] {document.Text}\n\n", addSpecial: false));
    }

    /// <summary>Tokens that every prompt begins with.</summary>
    public int SystemTokens => _system.Length;

    /// <summary>Tokens of one document in any prompt.</summary>
    public int TokensOf(Document document)
    {
        ArgumentNullException.ThrowIfNull(document);
        return _documents[document.Id].Length;
    }

    /// <summary>The prompt of one question, with the documents in the order given.</summary>
    public int[] Build(IEnumerable<Document> documents, string question) =>
    [
        .. _system,
        .. documents.SelectMany(document => _documents[document.Id]),
        .. _tokenizer.Encode($"# Question\n\n{question}\n\n# Answer\n\n", addSpecial: false),
    ];
}
