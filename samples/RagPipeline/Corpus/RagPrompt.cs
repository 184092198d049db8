using PrefixCache.Samples.RagPipeline.Retrieval;

namespace PrefixCache.Samples.RagPipeline.Corpus;

/// <summary>One question with its documents, ready for a worker.</summary>
/// <param name="Documents">Ids, in the order of the prompt.</param>
/// <param name="Tokens">System block, documents, question.</param>
public sealed record RagPrompt(DocumentOrder Order, string Question, IReadOnlyList<string> Documents, int[] Tokens);
