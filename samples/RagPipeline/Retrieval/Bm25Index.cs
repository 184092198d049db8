using PrefixCache.Samples.RagPipeline.Corpus;

namespace PrefixCache.Samples.RagPipeline.Retrieval;

/// <summary>Ranks documents by Okapi BM25.</summary>
/// <remarks>
/// Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009), with the inverse document frequency
/// ln(1 + (N - n + ½) / (n + ½)), which is never negative. Immutable; safe to use from any thread.
/// </remarks>
public sealed class Bm25Index
{
    /// <summary>How soon a term's repetition stops counting.</summary>
    private const double K1 = 1.2;

    /// <summary>How much a long document is held to say the same in more words; 0 to 1.</summary>
    private const double B = 0.75;

    private readonly Document[] _documents;
    private readonly int[] _lengths;
    private readonly double _averageLength;

    /// <summary>Term to the documents that have it, each with how often.</summary>
    private readonly Dictionary<string, Dictionary<int, int>> _postings = new(StringComparer.Ordinal);

    /// <summary>Indexes the documents.</summary>
    public Bm25Index(IEnumerable<Document> documents)
    {
        ArgumentNullException.ThrowIfNull(documents);
        _documents = [.. documents];
        _lengths = new int[_documents.Length];
        for (int i = 0; i < _documents.Length; i++)
        {
            foreach (string term in Terms.Of(_documents[i].Text))
            {
                if (!_postings.TryGetValue(term, out Dictionary<int, int>? counts)) _postings[term] = counts = [];
                counts[i] = counts.GetValueOrDefault(i) + 1;
                _lengths[i]++;
            }
        }
        _averageLength = _lengths.DefaultIfEmpty(0).Average();
    }

    /// <summary>
    /// The best documents, best first; of equals the one with the lower id. Fewer when fewer share a term with the query.
    /// </summary>
    /// <param name="query">Any text; a term counts once, however often it occurs.</param>
    /// <param name="count">How many at most.</param>
    public IReadOnlyList<ScoredDocument> Search(string query, int count)
    {
        Dictionary<int, double> scores = [];
        foreach (string term in Terms.Of(query).Distinct())
        {
            if (!_postings.TryGetValue(term, out Dictionary<int, int>? counts)) continue;
            double rarity = Math.Log(1 + (_documents.Length - counts.Count + 0.5) / (counts.Count + 0.5));
            foreach ((int document, int frequency) in counts)
                scores[document] = scores.GetValueOrDefault(document) + rarity * Weight(frequency, _lengths[document]);
        }
        return [.. scores.Select(score => new ScoredDocument(_documents[score.Key], score.Value))
            .OrderByDescending(scored => scored.Score)
            .ThenBy(scored => scored.Document.Id, StringComparer.Ordinal)
            .Take(count)];
    }

    private double Weight(int frequency, int length) => frequency * (K1 + 1) / (frequency + K1 * (1 - B + B * length / _averageLength));
}
