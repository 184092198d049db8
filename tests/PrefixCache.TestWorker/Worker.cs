using System.Text.Json;
using PrefixCache.Client;
using PrefixCache.Format.Layouts;

namespace PrefixCache.TestWorker;

/// <summary>Carries out a test's commands with one client.</summary>
internal sealed class Worker(PrefixCacheClient client, TextWriter output) : IAsyncDisposable
{
    private const int ShareBatch = 5;

    private readonly Dictionary<string, PrefixReservation> _own = [];
    private GatedKvMemory? _gated;
    private Task<WorkerReply>? _store;

    public async Task RunAsync(TextReader input)
    {
        while (await input.ReadLineAsync() is { } line)
        {
            var command = JsonSerializer.Deserialize<WorkerCommand>(line)!;
            try
            {
                if (command.Do == "share") await ShareAsync(command.Seed);
                else await ReplyAsync(await DoAsync(command));
            }
            catch (Exception exception) when (exception is PrefixCacheException or InvalidDataException)
            {
                await ReplyAsync(new WorkerReply { Error = exception.Message });
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _gated?.Open();
        if (_store is not null) await _store;
        await client.DisposeAsync();
        _gated?.Dispose();
    }

    private async Task<WorkerReply> DoAsync(WorkerCommand command)
    {
        var layout = command.TwoRanks ? TestKv.TwoRankLayout() : TestKv.Layout();
        await client.RegisterLayoutAsync(layout);
        var tokens = TestKv.Tokens(command.Tokens, command.Seed);
        return command.Do switch
        {
            "lookup" => await LookupAsync(layout, tokens),
            "retrieve" => await RetrieveAsync(layout, tokens, command),
            "store" => await StoreAsync(layout, tokens, command, null),
            "begin-store" => await BeginStoreAsync(layout, tokens, command),
            "finish-store" => await FinishStoreAsync(),
            "release" => await ReleaseAsync(layout, command),
            _ => throw new PrefixCacheException($"There is no command '{command.Do}'."),
        };
    }

    private async Task<WorkerReply> LookupAsync(KvLayout layout, int[] tokens)
    {
        var reservation = await client.LookupAsync(layout, tokens);
        var ticket = reservation.Ticket.ToString();
        _own.Add(ticket, reservation);
        return new WorkerReply { Ticket = ticket, HitTokens = reservation.HitTokens };
    }

    private async Task<WorkerReply> RetrieveAsync(KvLayout layout, int[] tokens, WorkerCommand command)
    {
        var memory = new byte[layout.Shapes[command.Shard].PayloadBytes(tokens.Length)];
        var loaded = await Reservation(layout, command).RetrieveAsync(
            TestKv.Memory(layout, memory, tokens.Length, command.Shard), new TransferOptions { Shard = command.Shard });
        if (TestKv.FindDifference(layout, tokens, memory, 0, loaded.Tokens, command.Shard) is { } segment)
            throw new InvalidDataException($"Segment {segment} of shard {command.Shard} is not what was stored.");
        return new WorkerReply { Loaded = loaded.Tokens };
    }

    private async Task<WorkerReply> StoreAsync(KvLayout layout, int[] tokens, WorkerCommand command, GatedKvMemory? gated)
    {
        var source = TestKv.Memory(layout, TestKv.Compute(layout, tokens, command.Shard), tokens.Length, command.Shard);
        var summary = await Reservation(layout, command).StoreAsync(gated ?? (Client.Memory.IKvMemory)source,
            new TransferOptions { Shard = command.Shard });
        return new WorkerReply { Committed = summary.Committed, Present = summary.Present, Refused = summary.Refused };
    }

    private async Task<WorkerReply> BeginStoreAsync(KvLayout layout, int[] tokens, WorkerCommand command)
    {
        var source = TestKv.Memory(layout, TestKv.Compute(layout, tokens, command.Shard), tokens.Length, command.Shard);
        _gated = new GatedKvMemory(source, command.GateToken);
        _store = Task.Run(() => StoreAsync(layout, tokens, command, _gated));
        await await Task.WhenAny(_gated.Reached, _store);
        return new WorkerReply();
    }

    private async Task<WorkerReply> FinishStoreAsync()
    {
        _gated!.Open();
        var store = _store!;
        _store = null;
        return await store;
    }

    private async Task<WorkerReply> ReleaseAsync(KvLayout layout, WorkerCommand command)
    {
        await Reservation(layout, command).ReleaseAsync();
        return new WorkerReply();
    }

    /// <summary>Shares prompts until the process is killed or its input ends, and says after each batch what was done.</summary>
    private async Task ShareAsync(int seed)
    {
        var layout = TestKv.Layout();
        await client.RegisterLayoutAsync(layout);
        var sharer = new PromptSharer(client, layout, seed);
        while (true)
        {
            for (var i = 0; i < ShareBatch; i++) await sharer.ShareOneAsync(CancellationToken.None);
            await ReplyAsync(new WorkerReply { Shared = sharer.Counts });
        }
    }

    private PrefixReservation Reservation(KvLayout layout, WorkerCommand command) =>
        _own.GetValueOrDefault(command.Ticket) ?? client.OpenReservation(layout, ReservationTicket.Parse(command.Ticket));

    private async Task ReplyAsync(WorkerReply reply)
    {
        await output.WriteLineAsync(JsonSerializer.Serialize(reply));
        await output.FlushAsync();
    }
}
