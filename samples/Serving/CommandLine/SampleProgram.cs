using System.CommandLine;
using PrefixCache.Client;
using PrefixCache.Samples.Llama.Model;
using PrefixCache.Samples.Serving.Model;
using PrefixCache.Server.Options;

namespace PrefixCache.Samples.Serving.CommandLine;

/// <summary>The command line of a sample: the comparison itself, and the worker that it starts as processes of its own.</summary>
/// <remarks>Exit code 0: every output token is equal without and with the cache; 1: one differs; 2: the run could not be made.</remarks>
public abstract class SampleProgram
{
    /// <summary>Name of the subcommand that makes a sample a worker.</summary>
    public const string Worker = "worker";

    /// <summary>Tokens that a worker has room for when it is not told.</summary>
    private const int DefaultCapacity = 2048;

    /// <summary>What errors begin with, and what the seeded model is called.</summary>
    public abstract string Name { get; }

    /// <summary>What the sample does, its exit codes, and examples.</summary>
    public abstract string Description { get; }

    /// <summary>Options of this sample alone.</summary>
    protected virtual IReadOnlyList<Option> OwnOptions => [];

    /// <summary>Tokenizer and model, the same in every process.</summary>
    public abstract SampleModel CreateModel(string? folder);

    /// <summary>Runs the comparison and reports it.</summary>
    /// <param name="parse">Holds the values of <see cref="OwnOptions"/>.</param>
    /// <returns>The exit code, 0 or 1.</returns>
    protected abstract Task<int> CompareAsync(ParseResult parse, SampleOptions options, CancellationToken cancellation);

    /// <summary>The whole life of the process.</summary>
    public int Invoke(string[] args)
    {
        Option<string?> model = Inherited("--model", "FOLDER",
            "Hugging Face folder of a Llama-architecture model; without it, random weights whose text means nothing.");
        Option<string?> server = Inherited("--server", "ADDRESS",
            "Address of a running node, http://127.0.0.1:7420 for example; without it, one is started for the run.");
        Option<string?> tokenFile = Inherited("--token-file", "FILE",
            "File whose first line is the bearer token that --server asks for.");
        Option<string?> redis = new("--redis")
        {
            Description = "Redis for the node that is started: a second run finds there what the first one computed.",
            HelpName = "HOST:PORT",
        };
        Option<string?> json = new("--json") { Description = "Write the figures to this file as JSON.", HelpName = "FILE" };
        Option<int> capacity = new("--capacity") { DefaultValueFactory = _ => DefaultCapacity };
        SampleOptions Options(ParseResult parse) => new()
        {
            ModelFolder = parse.GetValue(model),
            Server = parse.GetValue(server),
            TokenFile = parse.GetValue(tokenFile),
            Redis = parse.GetValue(redis),
            JsonFile = parse.GetValue(json),
        };
        Task<int> Compare(ParseResult parse, CancellationToken cancellation)
        {
            SampleOptions options = Options(parse);
            return options.Faults() is { Count: > 0 } faults
                ? Task.FromResult(Fail(string.Join(" ", faults)))
                : CompareAsync(parse, options, cancellation);
        }
        RootCommand root = new(Description) { model, server, tokenFile, redis, json };
        foreach (Option option in OwnOptions) root.Options.Add(option);
        root.SetAction((parse, cancellation) => GuardAsync(() => Compare(parse, cancellation)));
        Command worker = new(Worker, "Answers requests on standard input.") { capacity };
        worker.Hidden = true;
        worker.SetAction((parse, cancellation) =>
            GuardAsync(() => WorkerRun.ExecuteAsync(this, Options(parse), parse.GetValue(capacity), cancellation)));
        root.Subcommands.Add(worker);
        ParseResult result = root.Parse(args);
        return result.Errors.Count == 0 ? result.Invoke() : Fail(string.Join(" ", result.Errors.Select(e => e.Message)));
    }

    /// <summary>An option that workers understand too.</summary>
    private static Option<string?> Inherited(string name, string value, string description) =>
        new(name) { Description = description, HelpName = value, Recursive = true };

    private async Task<int> GuardAsync(Func<Task<int>> action)
    {
        try
        {
            return await action();
        }
        catch (Exception e) when (e is LlamaException or PrefixCacheException or NodeOptionsException or IOException
            or UnauthorizedAccessException or InvalidOperationException or ArgumentException or FormatException)
        {
            return Fail(e.Message);
        }
    }

    private int Fail(string message)
    {
        Console.Error.WriteLine($"{Name}: {message.ReplaceLineEndings(" ")}");
        return 2;
    }
}
