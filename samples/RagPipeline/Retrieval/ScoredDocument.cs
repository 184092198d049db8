using PrefixCache.Samples.RagPipeline.Corpus;

namespace PrefixCache.Samples.RagPipeline.Retrieval;

/// <summary>A document that was found.</summary>
/// <param name="Score">Higher is better; comparable within one search alone.</param>
public sealed record ScoredDocument(Document Document, double Score);
