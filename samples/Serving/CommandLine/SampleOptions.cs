using System.Globalization;
using PrefixCache.Core.Tiers.Redis;

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

    /// <summary>Redis of the node that the sample starts, <c>host:port</c>; null = that node has none.</summary>
    public string? Redis { get; init; }

    /// <summary>Where the figures go as JSON.</summary>
    public string? JsonFile { get; init; }

    /// <summary>What can be said before a run, which takes a minute, is made.</summary>
    public IReadOnlyList<string> Faults()
    {
        List<string> faults = [];
        bool isAddress = Uri.TryCreate(Server, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https" or "unix";
        if (Server is not null && !isAddress)
            faults.Add($"--server is '{Server}'; expected http://host:port, https://host:port or unix:///path/to.sock.");
        if (TokenFile is not null && Server is null) faults.Add("--token-file is for a node that runs already: name that with --server.");
        if (TokenFile is not null && !File.Exists(TokenFile)) faults.Add($"--token-file is '{TokenFile}'; there is no such file.");
        if (Redis is not null && !RedisAddress.TryParse(Redis, out _))
            faults.Add($"--redis is '{Redis}'; expected host:port, 127.0.0.1:6379 for example.");
        if (Redis is not null && Server is not null)
            faults.Add("--redis is for the node that the sample starts: leave --server out, or name the Redis to that node.");
        if (ModelFolder is not null && !Directory.Exists(ModelFolder)) faults.Add($"--model is '{ModelFolder}'; there is no such folder.");
        if (JsonFile is "" or "-") faults.Add($"--json is '{JsonFile}'; expected a file's name, for the table goes to standard output.");
        else if (JsonFile is not null
            && (Directory.Exists(JsonFile) || !Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(JsonFile)))))
            faults.Add($"--json is '{JsonFile}'; expected a file in a folder that exists.");
        return faults;
    }

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
