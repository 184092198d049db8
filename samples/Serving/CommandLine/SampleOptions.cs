using System.Globalization;

namespace PrefixCache.Samples.Serving.CommandLine;

/// <summary>What one invocation of any sample is asked to do.</summary>
public sealed record SampleOptions
{
    /// <summary>Hugging Face folder; null takes the seeded model.</summary>
    public string? ModelFolder { get; init; }

    /// <summary>Node to use; null starts one, or for a worker means to run without.</summary>
    public string? Server { get; init; }

    /// <summary>File whose first line is the bearer token.</summary>
    public string? TokenFile { get; init; }

    /// <summary>Where the figures go as JSON.</summary>
    public string? JsonFile { get; init; }

    /// <summary>The arguments that give a worker the same model and, if there is one, the node.</summary>
    /// <param name="capacity">Tokens of the longest prompt with its answer.</param>
    public IReadOnlyList<string> WorkerArguments(int capacity, string? server)
    {
        List<string> arguments = [SampleProgram.Worker, "--capacity", capacity.ToString(CultureInfo.InvariantCulture)];
        if (ModelFolder is not null) arguments.AddRange(["--model", ModelFolder]);
        if (server is not null) arguments.AddRange(["--server", server]);
        if (server is not null && TokenFile is not null) arguments.AddRange(["--token-file", TokenFile]);
        return arguments;
    }
}
