using System.CommandLine;
using PrefixCache.Samples.Chat.Conversations;
using PrefixCache.Samples.Chat.Reports;
using PrefixCache.Samples.Serving.CommandLine;
using PrefixCache.Samples.Serving.Model;
using PrefixCache.Samples.Serving.Processes;
using PrefixCache.Samples.Serving.Prompts;
using PrefixCache.Samples.Serving.Reports;
using Spectre.Console;

namespace PrefixCache.Samples.Chat.CommandLine;

/// <summary>Holds several conversations at once, each turn without and with the cache, and reports the difference.</summary>
public sealed class ChatProgram : SampleProgram
{
    /// <summary>Tokens decoded in each turn.</summary>
    public const int AnswerTokens = 48;

    private const int DefaultConversations = 4;

    private const int DefaultTurns = 6;

    private readonly Option<int> _conversations = new("--conversations")
    {
        Description = "Conversations held at once, turn by turn, 1 to 6.",
        HelpName = "NUMBER",
        DefaultValueFactory = _ => DefaultConversations,
    };

    private readonly Option<int> _turns = new("--turns")
    {
        Description = "Turns of each conversation, 1 to 8.",
        HelpName = "NUMBER",
        DefaultValueFactory = _ => DefaultTurns,
    };

    /// <inheritdoc/>
    public override string Name => "chat";

    /// <inheritdoc/>
    public override string Description => """
        Holds several conversations at once behind one system prompt, without and with the prefix cache, and compares the two runs. With the
        cache a turn reuses the prompt and the answer of the turn before.

        Exit code 0: every output token is equal in both runs; 1: one differs; 2: the run could not be made. Examples:

          dotnet run -c Release --project samples/Chat
          dotnet run -c Release --project samples/Chat -- --conversations 2 --turns 8
          dotnet run -c Release --project samples/Chat -- --server http://127.0.0.1:7420 --json report.json
        """;

    /// <inheritdoc/>
    protected override IReadOnlyList<Option> OwnOptions => [_conversations, _turns];

    /// <inheritdoc/>
    public override SampleModel CreateModel(string? folder) => new(Name, folder, ChatTexts.Load().VocabularyTexts);

    /// <inheritdoc/>
    protected override async Task<int> CompareAsync(ParseResult parse, SampleOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(parse);
        ArgumentNullException.ThrowIfNull(options);
        ChatTexts texts = ChatTexts.Load();
        int turns = InRange(parse, _turns, texts.Turns);
        int count = InRange(parse, _conversations, texts.Scripts.Count);
        IAnsiConsole console = SampleConsole.Open();
        SampleModel model = CreateModel(options.ModelFolder);
        Conversation[] conversations =
            [.. texts.Scripts.Take(count).Select(script => new Conversation(texts.System, script, model.Tokenizer))];
        console.WriteLine($"{count} conversations of {turns} turns behind a system prompt of {conversations[0].SystemTokens} tokens, "
            + $"{SideBySide.Workers} worker processes.");
        if (model.IsSeeded) console.WriteLine(SampleConsole.SeededModelNote);

        console.WriteLine("Starting workers ...");
        int capacity = conversations.Max(conversation => conversation.Capacity(turns, AnswerTokens));
        await using SideBySide workers = await SideBySide.StartAsync(options, capacity, cancellation);
        List<TurnRow> rows = [];
        await console.Progress().StartAsync(async context =>
        {
            ProgressTask task = context.AddTask("turns", maxValue: turns * count);
            // Turn by turn: a worker's own memory holds one sequence, so between two turns of a conversation others push it out.
            for (int turn = 1; turn <= turns; turn++)
            {
                for (int i = 0; i < count; i++)
                {
                    rows.Add(await TakeTurnAsync(workers, i, conversations[i], turn, cancellation));
                    task.Value = rows.Count;
                }
            }
        });

        ChatReport report = new(rows);
        ChatTable.Write(console, report);
        if (options.JsonFile is { } file) await File.WriteAllTextAsync(file, ChatJson.Write(report), cancellation);
        return report.OutputsEqual ? 0 : 1;
    }

    /// <summary>A conversation stays with its worker process, as behind a router that knows sessions.</summary>
    private static async Task<TurnRow> TakeTurnAsync(
        SideBySide workers, int worker, Conversation conversation, int turn, CancellationToken cancellation)
    {
        PromptRequest request = new(conversation.Ask(), AnswerTokens) { KeepAnswer = true };
        (PromptResult without, PromptResult with) = await workers.WorkAsync(worker, request, cancellation);
        TurnRow row = new(conversation.Name, turn, conversation.OfLastAnswer(with.ReusedTokens), without, with);
        // Both runs go on with the answer that needed no cache, so one wrong token is counted where it happened and nowhere else.
        conversation.Answer(without.OutputTokens);
        return row;
    }

    private static int InRange(ParseResult parse, Option<int> option, int most)
    {
        int value = parse.GetValue(option);
        return value >= 1 && value <= most ? value : throw new ArgumentException($"{option.Name} is {value}; expected 1 to {most}.");
    }
}
