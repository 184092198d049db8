using PrefixCache.Core.Tiers.Host;
using PrefixCache.Samples.ClinicalExtraction.Extraction;
using PrefixCache.Samples.ClinicalExtraction.Model;
using PrefixCache.Samples.ClinicalExtraction.Processes;
using PrefixCache.Samples.ClinicalExtraction.Reports;
using PrefixCache.Server;
using PrefixCache.Server.Options;
using Spectre.Console;

namespace PrefixCache.Samples.ClinicalExtraction.CommandLine;

/// <summary>Works on each note without and with the cache, and reports the difference.</summary>
internal static class ExtractionRun
{
    private const int Workers = 2;

    /// <summary>The node started for a run: a free port, and room for all prompts of the sample's model several times over.</summary>
    private static readonly PrefixCacheNodeOptions NodeOptions = new()
    {
        Listen = ["127.0.0.1:0"],
        Host = new HostTierOptions { CapacityBytes = 512L << 20 },
    };

    /// <summary>A file or a pipe gets plain text in lines that the table fits into.</summary>
    private static IAnsiConsole OpenConsole()
    {
        if (!Console.IsOutputRedirected) return AnsiConsole.Console;
        AnsiConsoleSettings plain = new() { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors };
        IAnsiConsole console = AnsiConsole.Create(plain);
        console.Profile.Width = 120;
        return console;
    }

    /// <summary>0 when every output token is equal in both runs, else 1.</summary>
    public static async Task<int> ExecuteAsync(ExtractionOptions options, CancellationToken cancellation)
    {
        IAnsiConsole console = OpenConsole();
        SampleSetup setup = new(options.ModelFolder);
        int[][] prompts = [.. setup.Corpus.Notes.Select(setup.Prompts.Build)];
        console.WriteLine($"{prompts.Length} notes behind {setup.Prompts.SharedTokens} shared tokens "
            + $"({setup.Prompts.InstructionTokens} of instructions, {setup.Prompts.ExampleTokens} of examples), "
            + $"{Workers} worker processes.");
        if (options.ModelFolder is null)
            console.WriteLine(
                "The weights are random, so the decoded text means nothing: what this shows is time, and that outputs are equal.");

        await using PrefixCacheNode? node = options.Server is null ? await PrefixCacheNode.StartAsync(NodeOptions) : null;
        console.WriteLine("Starting workers ...");
        await using WorkerPool plain = await WorkerPool.StartAsync(Workers, options.WorkerArguments(server: null), cancellation);
        await using WorkerPool cached =
            await WorkerPool.StartAsync(Workers, options.WorkerArguments(options.Server ?? node!.Address), cancellation);
        List<ExtractionResult> without = [], with = [];
        await console.Progress().StartAsync(async context =>
        {
            ProgressTask task = context.AddTask("notes", maxValue: prompts.Length);
            foreach (int[] prompt in prompts)
            {
                // Note by note, one process at a time: whatever else the machine does then weighs on both runs alike.
                without.Add(await plain.ExtractAsync(without.Count, prompt, SampleModel.OutputTokens, cancellation));
                with.Add(await cached.ExtractAsync(with.Count, prompt, SampleModel.OutputTokens, cancellation));
                task.Value = with.Count;
            }
        });

        ExtractionReport report = ExtractionReport.Compare(setup.Corpus.Notes, without, with);
        ReportTable.Write(console, report);
        if (options.JsonFile is { } file) await File.WriteAllTextAsync(file, ReportJson.Write(report), cancellation);
        return report.OutputsEqual ? 0 : 1;
    }
}
