using System.CommandLine;
using PrefixCache.Samples.RagPipeline.Corpus;
using PrefixCache.Samples.RagPipeline.Reports;
using PrefixCache.Samples.RagPipeline.Retrieval;
using PrefixCache.Samples.Serving.CommandLine;
using PrefixCache.Samples.Serving.Model;
using PrefixCache.Samples.Serving.Processes;
using PrefixCache.Samples.Serving.Prompts;
using PrefixCache.Samples.Serving.Reports;
using Spectre.Console;

namespace PrefixCache.Samples.RagPipeline.CommandLine;

/// <summary>Answers questions from retrieved documents, without and with the cache, in two orders of the documents.</summary>
public sealed class RagProgram : SampleProgram
{
    /// <summary>Tokens decoded for each question.</summary>
    public const int OutputTokens = 8;

    private static readonly DocumentOrder[] Orders = [DocumentOrder.Rank, DocumentOrder.Stable];

    private readonly Option<int?> _questions = new("--questions")
    {
        Description = "Ask only so many questions, from the first on; without it, all.",
        HelpName = "NUMBER",
    };

    /// <inheritdoc/>
    public override string Name => "rag-pipeline";

    /// <inheritdoc/>
    public override string Description => """
        Answers questions from three retrieved documents each, without and with the prefix cache: first with the documents as the search
        ranks them, then sorted by their ids, and compares what the cache is worth in either order.

        Exit code 0: every output token is equal in both runs; 1: one differs; 2: the run could not be made. Examples:

          dotnet run -c Release --project samples/RagPipeline
          dotnet run -c Release --project samples/RagPipeline -- --questions 12
          dotnet run -c Release --project samples/RagPipeline -- --server http://127.0.0.1:7420 --json report.json
        """;

    /// <inheritdoc/>
    protected override IReadOnlyList<Option> OwnOptions => [_questions];

    /// <inheritdoc/>
    public override SampleModel CreateModel(string? folder) => new(Name, folder, RagTexts.Load().VocabularyTexts);

    /// <inheritdoc/>
    protected override async Task<int> CompareAsync(ParseResult parse, SampleOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(parse);
        ArgumentNullException.ThrowIfNull(options);
        RagTexts texts = RagTexts.Load();
        int count = parse.GetValue(_questions) ?? texts.Questions.Count;
        if (count < 1 || count > texts.Questions.Count)
            throw new ArgumentException($"--questions is {count}; expected 1 to {texts.Questions.Count}.");
        IAnsiConsole console = SampleConsole.Open();
        SampleModel model = CreateModel(options.ModelFolder);
        PromptBuilder builder = new(texts, model.Tokenizer);
        RagPrompt[] prompts = [.. Prompts(texts, builder, count)];
        console.WriteLine($"{count} questions, {Retriever.DocumentsPerQuestion} of {texts.Documents.Count} documents each, behind a system "
            + $"block of {builder.SystemTokens} tokens, {SideBySide.Workers} worker processes.");
        console.WriteLine($"Most used: {MostUsed(prompts[..count])}.");
        if (model.IsSeeded) console.WriteLine(SampleConsole.SeededModelNote);

        console.WriteLine("Starting workers ...");
        int capacity = prompts.Max(prompt => prompt.Tokens.Length) + OutputTokens;
        await using SideBySide workers = await SideBySide.StartAsync(options, capacity, cancellation: cancellation);
        // A salt for each order of each run: every one begins with a cache that is empty to it, on a node that was used before too. Behind
        // Redis a later run is to find what this one left.
        string run = options.Redis is null ? Guid.NewGuid().ToString("N") : "shared";
        RagReport report = await AskAsync(console, workers, prompts, run, cancellation);
        RagTable.Write(console, report);
        if (options.JsonFile is { } file) await File.WriteAllTextAsync(file, RagJson.Write(report), cancellation);
        return report.OutputsEqual ? 0 : 1;
    }

    /// <summary>All questions in the first order, then all of them in the next.</summary>
    private static IEnumerable<RagPrompt> Prompts(RagTexts texts, PromptBuilder builder, int count)
    {
        Retriever retriever = new(texts.Documents);
        foreach (DocumentOrder order in Orders)
        {
            foreach (string question in texts.Questions.Take(count))
            {
                IReadOnlyList<Document> documents = retriever.Retrieve(question, order);
                yield return new RagPrompt(order, question, [.. documents.Select(d => d.Id)], builder.Build(documents, question));
            }
        }
    }

    private static async Task<RagReport> AskAsync(
        IAnsiConsole console, SideBySide workers, RagPrompt[] prompts, string run, CancellationToken cancellation)
    {
        List<(RagPrompt Prompt, QuestionRow Row)> rows = [];
        await console.Progress().StartAsync(async context =>
        {
            ProgressTask task = context.AddTask("questions", maxValue: prompts.Length);
            foreach (RagPrompt prompt in prompts)
            {
                PromptRequest request = new(prompt.Tokens, OutputTokens) { Salt = $"{run}/{prompt.Order}" };
                (PromptResult without, PromptResult with) = await workers.WorkAsync(rows.Count, request, cancellation);
                rows.Add((prompt, new QuestionRow(prompt.Question, prompt.Documents, without, with)));
                task.Value = rows.Count;
            }
        });
        return new RagReport([.. rows.GroupBy(row => row.Prompt.Order)
            .Select(order => new OrderReport(order.Key, [.. order.Select(row => row.Row)]))]);
    }

    private static string MostUsed(IEnumerable<RagPrompt> prompts) =>
        string.Join(", ", prompts.SelectMany(prompt => prompt.Documents).CountBy(id => id)
            .OrderByDescending(used => used.Value).ThenBy(used => used.Key, StringComparer.Ordinal).Take(5)
            .Select(used => FormattableString.Invariant($"{used.Key} ({used.Value})")));
}
