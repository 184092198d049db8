using PrefixCache.IntegrationTests.Fixtures;

namespace PrefixCache.IntegrationTests.Processes;

/// <summary>One scheduler process and two rank processes of one instance.</summary>
public sealed class EngineProcessesTests
{
    private const int Tokens = 96;

    [Fact]
    public async Task TwoRanks_WorkOnOneRequest_EachWithItsShard()
    {
        await using var node = await RunningNode.StartAsync();
        await using var engine = await Engine.StartAsync(node.Address);
        var cold = await engine.LookupAsync();
        Assert.Equal(0, cold.HitTokens);
        Assert.Equal(3, (await engine.Ranks[0].DoAsync(Engine.Store(0, cold))).Committed);
        Assert.Equal(0, (await engine.LookupAsync()).HitTokens);
        Assert.Equal(3, (await engine.Ranks[1].DoAsync(Engine.Store(1, cold))).Committed);
        var warm = await engine.LookupAsync();
        Assert.Equal(Tokens, warm.HitTokens);
        for (var rank = 0; rank < 2; rank++)
        {
            var loaded = await engine.Ranks[rank].DoAsync(Engine.Store(rank, warm) with { Do = "retrieve" });
            Assert.Equal(Tokens, loaded.Loaded);
        }

        var wrong = await engine.Ranks[0].TryAsync(Engine.Store(1, warm) with { Do = "retrieve" });
        Assert.Contains("Rank 0 does not hold shard 1", wrong.Error, StringComparison.Ordinal);
        await AssertEndsWithItsLastRankAsync(node, engine, warm);
    }

    [Fact]
    public async Task Rank_KilledInTheMiddleOfItsStore_FailsOnlyItsOwnShard()
    {
        await using var node = await RunningNode.StartAsync();
        await using var engine = await Engine.StartAsync(node.Address);
        var cold = await engine.LookupAsync();
        Assert.Equal("", (await engine.Ranks[1].DoAsync(Engine.Store(1, cold) with { Do = "begin-store", GateToken = 32 })).Error);
        await Until.TrueAsync(() => node.Node.Snapshot() is { Blocks: 3, WritingBlocks: 2 },
            () => $"Rank 1 does not store: {node.Node.Snapshot()}");
        Assert.Equal(3, (await engine.Ranks[0].DoAsync(Engine.Store(0, cold))).Committed);
        engine.Ranks[1].Kill();
        await Until.TrueAsync(() => node.Node.Snapshot() is { Sessions: 2, WritingBlocks: 0, Blocks: 4 },
            () => $"Rank 1 is not gone: {node.Node.Snapshot()}");
        Assert.Equal(32, (await engine.LookupAsync()).HitTokens);

        await using var again = await WorkerProcess.StartAsync(node.Address, engine.Instance, 1);
        var store = await again.DoAsync(Engine.Store(1, await engine.LookupAsync()));
        Assert.Equal((2, 1, 0), (store.Committed, store.Present, store.Refused));
        var warm = await engine.LookupAsync();
        Assert.Equal(Tokens, warm.HitTokens);
        Assert.Equal(Tokens, (await again.DoAsync(Engine.Store(1, warm) with { Do = "retrieve" })).Loaded);
    }

    [Fact]
    public async Task Scheduler_Killed_FreesReservationsLeasesAndItsRanksTransfers()
    {
        await using var node = await RunningNode.StartAsync();
        await using var engine = await Engine.StartAsync(node.Address);
        var first = await engine.LookupAsync();
        for (var rank = 0; rank < 2; rank++) await engine.Ranks[rank].DoAsync(Engine.Store(rank, first));
        var warm = await engine.LookupAsync();
        var longer = await engine.Scheduler.DoAsync(new WorkerCommand { Do = "lookup", TwoRanks = true, Tokens = 160, Seed = 2 });
        await engine.Ranks[0].DoAsync(Engine.Store(0, longer) with { Do = "begin-store", Tokens = 160, Seed = 2, GateToken = 64 });
        await Until.TrueAsync(() => node.Node.Snapshot() is { Reservations: 3, Leases: 3, WritingBlocks: 3 },
            () => $"Nothing is out: {node.Node.Snapshot()}");
        engine.Scheduler.Kill();
        await Until.TrueAsync(
            () => node.Node.Snapshot() is { Sessions: 2, Reservations: 0, ReservedTokens: 0, Leases: 0, WritingBlocks: 0, Blocks: 8 },
            () => $"Something is still out: {node.Node.Snapshot()}");
        var store = await engine.Ranks[0].TryAsync(new WorkerCommand { Do = "finish" });
        Assert.Contains("Aborted: The session that this transfer belongs to has ended", store.Error, StringComparison.Ordinal);
        var load = await engine.Ranks[1].TryAsync(Engine.Store(1, warm) with { Do = "retrieve" });
        Assert.Contains("NotFound: Reservation", load.Error, StringComparison.Ordinal);

        await using var scheduler = await WorkerProcess.StartAsync(node.Address, engine.Instance);
        Assert.Equal(Tokens, (await scheduler.DoAsync(Engine.Lookup)).HitTokens);
    }

    private static async Task AssertEndsWithItsLastRankAsync(RunningNode node, Engine engine, WorkerReply warm)
    {
        var before = node.Node.Snapshot();
        await engine.Ranks[0].DoAsync(new WorkerCommand { Do = "release", TwoRanks = true, Ticket = warm.Ticket });
        Assert.Equal(before, node.Node.Snapshot());
        await engine.Ranks[1].DoAsync(new WorkerCommand { Do = "release", TwoRanks = true, Ticket = warm.Ticket });
        Assert.Equal((before.Reservations - 1, before.Leases - 3), (node.Node.Snapshot().Reservations, node.Node.Snapshot().Leases));
    }

    private sealed class Engine : IAsyncDisposable
    {
        public static WorkerCommand Lookup { get; } = new() { Do = "lookup", TwoRanks = true, Tokens = Tokens };

        public required string Instance { get; init; }

        public required WorkerProcess Scheduler { get; init; }

        public required WorkerProcess[] Ranks { get; init; }

        public static async Task<Engine> StartAsync(string address)
        {
            var instance = Guid.NewGuid().ToString("N");
            var processes = await Task.WhenAll(
                WorkerProcess.StartAsync(address, instance), WorkerProcess.StartAsync(address, instance, 0),
                WorkerProcess.StartAsync(address, instance, 1));
            return new Engine { Instance = instance, Scheduler = processes[0], Ranks = processes[1..] };
        }

        public static WorkerCommand Store(int rank, WorkerReply lookup) =>
            new() { Do = "store", TwoRanks = true, Tokens = Tokens, Shard = rank, Ticket = lookup.Ticket };

        public Task<WorkerReply> LookupAsync() => Scheduler.DoAsync(Lookup);

        public async ValueTask DisposeAsync()
        {
            foreach (var process in Ranks.Prepend(Scheduler)) await process.DisposeAsync();
        }
    }
}
