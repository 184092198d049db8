using PrefixCache.Samples.ClinicalExtraction.Extraction;
using PrefixCache.Samples.ClinicalExtraction.Model;
using PrefixCache.Samples.ClinicalExtraction.Processes;
using PrefixCache.Samples.ClinicalExtraction.Reports;
using Spectre.Console;

namespace PrefixCache.Samples.ClinicalExtraction.CommandLine;

/// <summary>Works on all notes without and then with the cache, and reports the difference.</summary>
internal static class ExtractionRun
{
    private const int Workers = 2;

    /// <summary>0 when every output token is equal in both runs, else 1.</summary>
    public static async Task<int> ExecuteAsync(ExtractionOptions options, CancellationToken cancellation)
    {
        IAnsiConsole console = AnsiConsole.Console;
        SampleSetup setup = new(options.ModelFolder);
        int[][] prompts = [.. setup.Corpus.Notes.Select(setup.Prompts.Build)];
        console.WriteLine($"{prompts.Length} notes behind {setup.Prompts.SharedTokens} shared tokens "
            + $"({setup.Prompts.InstructionTokens} of instructions, {setup.Prompts.ExampleTokens} of examples), "
            + $"{Workers} worker processes.");
        if (options.ModelFolder is null)
            console.WriteLine(
                "The weights are random, so the decoded text means nothing: what this shows is time, and that outputs are equal.");

        string[] model = options.ModelFolder is { } folder ? ["--model", folder] : [];
        (IReadOnlyList<ExtractionResult> without, _) =
            await RunAsync(console, "without the cache", prompts, [ExtractionCommand.Worker, .. model], cancellation);
        (IReadOnlyList<ExtractionResult> with, string plane) = await RunAsync(
            console, "with the cache", prompts, [ExtractionCommand.Worker, ExtractionCommand.Reuse, .. model], cancellation);

        ExtractionReport report = ExtractionReport.Compare(setup.Corpus.Notes, without, with, plane);
        ReportTable.Write(console, report);
        if (options.JsonFile is { } file) await File.WriteAllTextAsync(file, ReportJson.Write(report), cancellation);
        return report.OutputsEqual ? 0 : 1;
    }

    private static async Task<(IReadOnlyList<ExtractionResult> Results, string Plane)> RunAsync(
        IAnsiConsole console, string name, int[][] prompts, string[] arguments, CancellationToken cancellation)
    {
        await using WorkerPool pool = await WorkerPool.StartAsync(Workers, arguments, cancellation);
        IReadOnlyList<ExtractionResult> results = [];
        await console.Progress().StartAsync(async context =>
        {
            ProgressTask task = context.AddTask(name, maxValue: prompts.Length);
            results = await pool.RunAsync(prompts, SampleModel.OutputTokens, done => task.Value = done, cancellation);
        });
        return (results, pool.Plane);
    }
}
