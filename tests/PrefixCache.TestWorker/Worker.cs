using System.Text.Json;
using PrefixCache.Client;
using PrefixCache.Client.Memory;
using PrefixCache.Format.Layouts;

namespace PrefixCache.TestWorker;

/// <summary>Carries out a test's commands with one client.</summary>
internal sealed class Worker(PrefixCacheClient client, TextWriter output) : IAsyncDisposable
{
    private const int ShareBatch = 5;

    private readonly Dictionary<string, PrefixReservation> _own = [];
    private volatile GatedKvMemory? _gated;
    private Task<WorkerReply>? _gatedTransfer;
    private SteppedStore? _stepped;

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
        if (_gatedTransfer is not null) await _gatedTransfer;
        if (_stepped is not null) await _stepped.DisposeAsync();
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
            "retrieve" => await RetrieveAsync(layout, tokens, command, gated: false),
            "store" => await StoreAsync(layout, tokens, command, gated: false),
            "begin-retrieve" => await BeginAsync(command, () => RetrieveAsync(layout, tokens, command, gated: true)),
            "begin-store" => await BeginAsync(command, () => StoreAsync(layout, tokens, command, gated: true)),
            "finish" => await FinishAsync(),
            "open-store" or "write-half" or "write-chunk" or "commit-chunk" => await StepAsync(layout, tokens, command),
            "herd" => await HerdAsync(command),
            "release" => await ReleaseAsync(layout, command),
            _ => throw new PrefixCacheException($"There is no command '{command.Do}'."),
        };
    }

    private async Task<WorkerReply> LookupAsync(KvLayout layout, int[] tokens)
    {
        var reservation = await client.LookupAsync(layout, tokens);
        var ticket = reservation.Ticket.ToString();
        _own[ticket] = reservation; // Misses without a node are all alike.
        return new WorkerReply { Ticket = ticket, HitTokens = reservation.HitTokens };
    }

    private async Task<WorkerReply> RetrieveAsync(KvLayout layout, int[] tokens, WorkerCommand command, bool gated)
    {
        if (command.OnDevice) return await RetrieveOnDeviceAsync(layout, tokens, command);
        var memory = new byte[layout.Shapes[command.Shard].PayloadBytes(tokens.Length)];
        var target = TestKv.Memory(layout, memory, tokens.Length, command.Shard);
        RetrieveResult loaded;
        try
        {
            loaded = await Reservation(layout, command).RetrieveAsync(
                Gate(target, command, gated), Options(command));
        }
        catch (PrefixCacheException exception)
        {
            var chunk = Math.Min(layout.ChunkTokens, tokens.Length);
            var wrong = TestKv.FindDifference(layout, tokens, memory, 0, chunk, command.Shard);
            return new WorkerReply { Error = exception.Message, WrongSegment = wrong };
        }

        if (TestKv.FindDifference(layout, tokens, memory, 0, loaded.Tokens, command.Shard) is { } segment)
            throw new InvalidDataException($"Segment {segment} of shard {command.Shard} is not what was stored.");
        return Reply(loaded);
    }

    private async Task<WorkerReply> RetrieveOnDeviceAsync(KvLayout layout, int[] tokens, WorkerCommand command)
    {
        using var buffer = new DeviceBuffer(client.Options.Device!, layout, tokens.Length, command.Shard);
        var loaded = await Reservation(layout, command).RetrieveAsync(buffer.Kv, Options(command));
        if (TestKv.FindDifference(layout, tokens, buffer.Read(), 0, loaded.Tokens, command.Shard) is { } segment)
            throw new InvalidDataException($"Segment {segment} of shard {command.Shard} is not what was stored.");
        return Reply(loaded);
    }

    private static TransferOptions Options(WorkerCommand command) =>
        new() { Shard = command.Shard, LayerOrder = command.LayerOrder, Source = command.Source };

    private WorkerReply Reply(RetrieveResult loaded) => new()
    {
        Loaded = loaded.Tokens,
        Plane = loaded.Plane.ToString(),
        DeviceBytes = loaded.DeviceBytes,
        HasDevicePlane = client.HasDevicePlane,
    };

    private async Task<WorkerReply> StoreAsync(KvLayout layout, int[] tokens, WorkerCommand command, bool gated)
    {
        var kv = TestKv.Compute(layout, tokens, command.Shard);
        using var buffer = command.OnDevice ? new DeviceBuffer(client.Options.Device!, layout, tokens.Length, command.Shard) : null;
        buffer?.Write(kv);
        var (reservation, options) = (Reservation(layout, command), Options(command));
        var summary = buffer is null
            ? await reservation.StoreAsync(Gate(TestKv.Memory(layout, kv, tokens.Length, command.Shard), command, gated), options)
            : await reservation.StoreAsync(buffer.Kv, options);
        return new WorkerReply
        {
            Committed = summary.Committed,
            Present = summary.Present,
            Refused = summary.Refused,
            Plane = summary.Plane.ToString(),
        };
    }

    private IKvMemory Gate(IKvMemory memory, WorkerCommand command, bool gated) =>
        gated ? _gated = new GatedKvMemory(memory, command.GateToken, command.GateSegment) : memory;

    /// <summary>Answers when the transfer stands at its gate.</summary>
    private async Task<WorkerReply> BeginAsync(WorkerCommand command, Func<Task<WorkerReply>> transfer)
    {
        _gated = null;
        _gatedTransfer = Task.Run(transfer);
        while (_gated is null && !_gatedTransfer.IsCompleted) await Task.Yield();
        if (_gated is { } gate) await Task.WhenAny(gate.Reached, _gatedTransfer);
        return _gatedTransfer.IsCompleted ? await _gatedTransfer : new WorkerReply { Ticket = command.Ticket };
    }

    private async Task<WorkerReply> FinishAsync()
    {
        _gated!.Open();
        var transfer = _gatedTransfer!;
        _gatedTransfer = null;
        return await transfer;
    }

    private async Task<WorkerReply> StepAsync(KvLayout layout, int[] tokens, WorkerCommand command)
    {
        if (command.Do == "open-store")
            _stepped = await SteppedStore.OpenAsync(client.Options, ReservationTicket.Parse(command.Ticket).Reservation, layout, tokens);
        else if (command.Do == "commit-chunk") await _stepped!.CommitAsync(command.Chunk);
        else _stepped!.Write(command.Chunk, whole: command.Do == "write-chunk");
        return new WorkerReply { Offsets = _stepped!.Offsets };
    }

    private async Task<WorkerReply> ReleaseAsync(KvLayout layout, WorkerCommand command)
    {
        await Reservation(layout, command).ReleaseAsync();
        return new WorkerReply();
    }

    private async Task<WorkerReply> HerdAsync(WorkerCommand command)
    {
        var layout = TestKv.Layout(chunkTokens: HerdWorker.ChunkTokens);
        await client.RegisterLayoutAsync(layout);
        var workers = Enumerable.Range(0, command.Workers).Select(index =>
            new HerdWorker(client, layout, command.Tokens, (command.Seed * command.Workers) + index)
            {
                HalfWay = command.StopsHalfWay ? () => ReplyAsync(new WorkerReply { IsHalfWay = true }) : null,
            });
        var counts = await Task.WhenAll(workers.Select(worker => Task.Run(worker.WorkAsync)));
        return new WorkerReply { Herd = counts.Aggregate(HerdCounts.None, HerdCounts.Add) };
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
