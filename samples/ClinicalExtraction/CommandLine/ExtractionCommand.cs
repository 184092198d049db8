using System.CommandLine;
using PrefixCache.Samples.ClinicalExtraction.Extraction;
using PrefixCache.Samples.ClinicalExtraction.Model;
using PrefixCache.Samples.ClinicalExtraction.Processes;
using PrefixCache.Samples.Llama.Model;

namespace PrefixCache.Samples.ClinicalExtraction.CommandLine;

/// <summary>The command line: the comparison itself, and the worker that it starts again and again.</summary>
internal static class ExtractionCommand
{
    /// <summary>Name of the subcommand that makes this program a worker.</summary>
    public const string Worker = "worker";

    /// <summary>Option of the worker: keep KV between prompts.</summary>
    public const string Reuse = "--reuse";

    public static int Invoke(string[] args)
    {
        Option<string?> model = new("--model")
        {
            Description = "Hugging Face folder of a Llama-architecture model; without it, random weights whose text means nothing.",
            HelpName = "FOLDER",
            Recursive = true,
        };
        Option<string?> json = new("--json") { Description = "Write the figures to this file as JSON.", HelpName = "FILE" };
        RootCommand root =
            new("Extracts facts from 24 invented clinical notes, without and with the prefix cache, and compares.") { model, json };
        root.SetAction((parse, cancellation) => GuardAsync(() => ExtractionRun.ExecuteAsync(
            new ExtractionOptions { ModelFolder = parse.GetValue(model), JsonFile = parse.GetValue(json) }, cancellation)));

        Option<bool> reuse = new(Reuse) { Description = "Keep the KV of the last prompt." };
        Command worker = new(Worker, "Answers requests on standard input.") { reuse };
        worker.Hidden = true;
        worker.SetAction((parse, cancellation) => GuardAsync(() => ServeAsync(parse.GetValue(model), parse.GetValue(reuse), cancellation)));
        root.Subcommands.Add(worker);
        ParseResult result = root.Parse(args);
        return result.Errors.Count == 0 ? result.Invoke() : Fail(string.Join(" ", result.Errors.Select(e => e.Message)));
    }

    private static async Task<int> ServeAsync(string? modelFolder, bool reuse, CancellationToken cancellation)
    {
        SampleSetup setup = new(modelFolder);
        using LlamaModel model = setup.LoadModel();
        IPrefixStore store = reuse ? new LocalPrefixStore() : new NoPrefixStore();
        using ExtractionWorker worker = new(model, store, setup.Capacity);
        await WorkerLoop.RunAsync(Console.In, Console.Out, worker, reuse ? "process" : "none", cancellation);
        return 0;
    }

    private static async Task<int> GuardAsync(Func<Task<int>> action)
    {
        try
        {
            return await action();
        }
        catch (Exception e) when (e is LlamaException or IOException or UnauthorizedAccessException or InvalidOperationException)
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
