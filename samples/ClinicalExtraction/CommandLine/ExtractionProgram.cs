using System.CommandLine;
using PrefixCache.Format.Layouts;
using PrefixCache.Samples.ClinicalExtraction.Corpus;
using PrefixCache.Samples.ClinicalExtraction.Reports;
using PrefixCache.Samples.Serving.CommandLine;
using PrefixCache.Samples.Serving.Model;
using PrefixCache.Samples.Serving.Processes;
using PrefixCache.Samples.Serving.Prompts;
using PrefixCache.Samples.Serving.Reports;
using Spectre.Console;

namespace PrefixCache.Samples.ClinicalExtraction.CommandLine;

/// <summary>Works on each note without and with the cache, and reports the difference.</summary>
public sealed class ExtractionProgram : SampleProgram
{
    /// <summary>Tokens decoded for each note.</summary>
    public const int OutputTokens = 16;

    private readonly Option<bool> _explain = new("--explain")
    {
        Description = "Say of each note what the node had, what it expected of loading and computing, what it advised and what that took.",
    };

    private readonly Option<bool> _cold = new("--cold")
    {
        Description = "Notes share nothing with one another, so that each is looked for in Redis alone; needs --redis.",
    };

    private readonly Option<int?> _notes = new("--notes")
    {
        Description = "Work on only so many notes, from the first on; without it, all.",
        HelpName = "NUMBER",
    };

    /// <inheritdoc/>
    public override string Name => "clinical-extraction";

    /// <inheritdoc/>
    public override string Description => """
        Extracts facts from 24 invented clinical notes, without and with the prefix cache, and compares the two runs.

        Exit code 0: every output token is equal in both runs; 1: one differs; 2: the run could not be made. Examples:

          dotnet run -c Release --project samples/ClinicalExtraction
          dotnet run -c Release --project samples/ClinicalExtraction -- --server http://127.0.0.1:7420 --json report.json
          dotnet run -c Release --project samples/ClinicalExtraction -- --redis 127.0.0.1:6379 --cold --explain
        """;

    /// <inheritdoc/>
    protected override IReadOnlyList<Option> OwnOptions => [_explain, _cold, _notes];

    /// <inheritdoc/>
    public override SampleModel CreateModel(string? folder) => new(Name, folder, ClinicalCorpus.Load().VocabularyTexts);

    /// <inheritdoc/>
    protected override async Task<int> CompareAsync(ParseResult parse, SampleOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(parse);
        ArgumentNullException.ThrowIfNull(options);
        IAnsiConsole console = SampleConsole.Open();
        ClinicalCorpus corpus = ClinicalCorpus.Load();
        ClinicalNote[] notes = [.. corpus.Notes.Take(Count(parse, corpus.Notes.Count))];
        bool isCold = parse.GetValue(_cold);
        if (isCold && options.Redis is null)
            throw new ArgumentException("--cold leaves nothing to reuse but in Redis: name one with --redis.");
        SampleModel model = CreateModel(options.ModelFolder);
        PromptBuilder builder = new(corpus, model.Tokenizer);
        int[][] prompts = [.. notes.Select(builder.Build)];
        console.WriteLine($"{prompts.Length} notes behind {builder.SharedTokens} shared tokens "
            + $"({builder.InstructionTokens} of instructions, {builder.ExampleTokens} of examples), "
            + $"{SideBySide.Workers} worker processes.");
        if (model.IsSeeded) console.WriteLine(SampleConsole.SeededModelNote);

        console.WriteLine("Starting workers ...");
        int capacity = prompts.Max(prompt => prompt.Length) + OutputTokens;
        long nodeBytes = SmallNodeBytes(model, builder.SharedTokens, capacity);
        await using SideBySide workers = await SideBySide.StartAsync(options, capacity, nodeBytes, cancellation);
        List<PromptResult> without = [], with = [];
        await console.Progress().StartAsync(async context =>
        {
            ProgressTask task = context.AddTask("notes", maxValue: prompts.Length);
            foreach ((ClinicalNote note, int[] prompt) in notes.Zip(prompts))
            {
                // The same salt in every run: the next one finds in Redis what this one computed.
                PromptRequest request = new(prompt, OutputTokens) { Salt = isCold ? $"note-{note.Name}" : null };
                (PromptResult computed, PromptResult reused) = await workers.WorkAsync(with.Count, request, cancellation);
                without.Add(computed);
                with.Add(reused);
                task.Value = with.Count;
            }
        });

        ExtractionReport report = ExtractionReport.Compare(
            notes, without, with, builder.SharedTokens, workers.EvictedChunks, parse.GetValue(_explain));
        ReportTable.Write(console, report);
        ExplainTable.Write(console, report);
        if (options.JsonFile is { } file) await File.WriteAllTextAsync(file, ReportJson.Write(report), cancellation);
        return report.OutputsEqual ? 0 : 1;
    }

    private int Count(ParseResult parse, int all)
    {
        int count = parse.GetValue(_notes) ?? all;
        return count >= 1 && count <= all ? count : throw new ArgumentException($"--notes is {count}; expected 1 to {all}.");
    }

    /// <summary>
    /// The shared part and two of the longest notes: what one note leaves behind has to go for the next but one, and the shared part stays.
    /// </summary>
    private static long SmallNodeBytes(SampleModel model, int shared, int longest)
    {
        KvLayout layout = model.Layout(model.Config);
        int chunks = ((shared + layout.ChunkTokens - 1) / layout.ChunkTokens) + (2 * (((longest - shared) / layout.ChunkTokens) + 1));

        // A node fills nine tenths of its memory.
        return chunks * layout.ChunkTokens * layout.BytesPerToken * 10 / 9;
    }
}
