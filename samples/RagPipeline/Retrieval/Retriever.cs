using PrefixCache.Samples.RagPipeline.Corpus;

namespace PrefixCache.Samples.RagPipeline.Retrieval;

/// <summary>Chooses the documents of a question and puts them in order.</summary>
public sealed class Retriever
{
    /// <summary>Documents of one prompt.</summary>
    public const int DocumentsPerQuestion = 3;

    private readonly Bm25Index _index;

    /// <summary>Indexes the documents.</summary>
    public Retriever(IEnumerable<Document> documents) => _index = new Bm25Index(documents);

    /// <summary>The best documents of a question; their order alone depends on <paramref name="order"/>.</summary>
    public IReadOnlyList<Document> Retrieve(string question, DocumentOrder order)
    {
        IEnumerable<Document> ranked = _index.Search(question, DocumentsPerQuestion).Select(scored => scored.Document);
        return order == DocumentOrder.Stable ? [.. ranked.OrderBy(document => document.Id, StringComparer.Ordinal)] : [.. ranked];
    }
}
