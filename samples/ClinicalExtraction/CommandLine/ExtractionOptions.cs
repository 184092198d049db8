namespace PrefixCache.Samples.ClinicalExtraction.CommandLine;

/// <summary>What one invocation is asked to do.</summary>
internal sealed record ExtractionOptions
{
    public string? ModelFolder { get; init; }

    public string? JsonFile { get; init; }
}
