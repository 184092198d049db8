using System.CommandLine;
using PrefixCache.Client;
using PrefixCache.Samples.Llama.Model;
using PrefixCache.Server.Options;

namespace PrefixCache.Samples.ClinicalExtraction.CommandLine;

/// <summary>The command line: the comparison itself, and the worker that it starts as processes of its own.</summary>
internal static class ExtractionCommand
{
    /// <summary>Name of the subcommand that makes this program a worker.</summary>
    public const string Worker = "worker";

    private const string Description = """
        Extracts facts from 24 invented clinical notes, without and with the prefix cache, and compares the two runs.

        Exit code 0: every output token is equal in both runs; 1: one differs; 2: the run could not be made. Examples:

          dotnet run -c Release --project samples/ClinicalExtraction
          dotnet run -c Release --project samples/ClinicalExtraction -- --server http://127.0.0.1:7420 --json report.json
        """;

    public static int Invoke(string[] args)
    {
        Option<string?> model = new("--model")
        {
            Description = "Hugging Face folder of a Llama-architecture model; without it, random weights whose text means nothing.",
            HelpName = "FOLDER",
            Recursive = true,
        };
        Option<string?> server = new("--server")
        {
            Description = "Address of a running node, http://127.0.0.1:7420 for example; without it, one is started for the run.",
            HelpName = "ADDRESS",
            Recursive = true,
        };
        Option<string?> tokenFile = new("--token-file")
        {
            Description = "File whose first line is the bearer token that --server asks for.",
            HelpName = "FILE",
            Recursive = true,
        };
        Option<string?> json = new("--json") { Description = "Write the figures to this file as JSON.", HelpName = "FILE" };
        ExtractionOptions Options(ParseResult parse) => new()
        {
            ModelFolder = parse.GetValue(model),
            Server = parse.GetValue(server),
            TokenFile = parse.GetValue(tokenFile),
            JsonFile = parse.GetValue(json),
        };
        RootCommand root = new(Description) { model, server, tokenFile, json };
        root.SetAction((parse, cancellation) => GuardAsync(() => ExtractionRun.ExecuteAsync(Options(parse), cancellation)));
        Command worker = new(Worker, "Answers requests on standard input.") { Hidden = true };
        worker.SetAction((parse, cancellation) => GuardAsync(() => WorkerRun.ExecuteAsync(Options(parse), cancellation)));
        root.Subcommands.Add(worker);
        ParseResult result = root.Parse(args);
        return result.Errors.Count == 0 ? result.Invoke() : Fail(string.Join(" ", result.Errors.Select(e => e.Message)));
    }

    private static async Task<int> GuardAsync(Func<Task<int>> action)
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

    private static int Fail(string message)
    {
        Console.Error.WriteLine($"clinical-extraction: {message.ReplaceLineEndings(" ")}");
        return 2;
    }
}
