namespace PrefixCache.Samples.ClinicalExtraction.Corpus;

/// <summary>One invented patient's note.</summary>
/// <param name="Name">File name without its ending: 01, 02, …</param>
/// <param name="Text">The note as written.</param>
public sealed record ClinicalNote(string Name, string Text);
