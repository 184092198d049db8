namespace PrefixCache.Samples.ClinicalExtraction.CommandLine;

/// <summary>What one invocation is asked to do.</summary>
internal sealed record ExtractionOptions
{
    public string? ModelFolder { get; init; }

    /// <summary>Node to use; null starts one, or for a worker means to run without.</summary>
    public string? Server { get; init; }

    public string? TokenFile { get; init; }

    public string? JsonFile { get; init; }

    /// <summary>The arguments that give a worker the same model and, if there is one, the node.</summary>
    public IReadOnlyList<string> WorkerArguments(string? server)
    {
        List<string> arguments = [ExtractionCommand.Worker];
        if (ModelFolder is not null) arguments.AddRange(["--model", ModelFolder]);
        if (server is not null) arguments.AddRange(["--server", server]);
        if (server is not null && TokenFile is not null) arguments.AddRange(["--token-file", TokenFile]);
        return arguments;
    }
}
