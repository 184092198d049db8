using PrefixCache.Samples.Serving.Prompts;

namespace PrefixCache.Samples.Serving.Processes;

/// <summary>One line from a worker process: that it is ready, a result, or why there is none.</summary>
/// <param name="Ready">The first line says so, once the model is loaded and warm.</param>
/// <param name="Result">The answer to a request.</param>
/// <param name="Error">One line for people.</param>
public sealed record WorkerReply(bool Ready = false, PromptResult? Result = null, string? Error = null);
