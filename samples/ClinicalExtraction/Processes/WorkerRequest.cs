namespace PrefixCache.Samples.ClinicalExtraction.Processes;

/// <summary>One line to a worker process: work on this prompt.</summary>
/// <param name="Tokens">The prompt's ids.</param>
/// <param name="OutputTokens">Tokens to decode.</param>
public sealed record WorkerRequest(int[] Tokens, int OutputTokens);
