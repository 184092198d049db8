namespace PrefixCache.Samples.RagPipeline.Corpus;

/// <summary>One entry that can be retrieved.</summary>
/// <param name="Id">File name without its ending: tides, …</param>
/// <param name="Text">Title, blank line, prose.</param>
public sealed record Document(string Id, string Text);
