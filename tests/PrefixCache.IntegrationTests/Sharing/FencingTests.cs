using PrefixCache.Client;
using PrefixCache.IntegrationTests.Fixtures;

namespace PrefixCache.IntegrationTests.Sharing;

/// <summary>Processes that are stopped, killed or cut off while they copy out of or into memory that others share.</summary>
public sealed class FencingTests
{
    private const int Tokens = 96;
    private const int ChunkTokens = 32;

    /// <summary>Of a chunk's eight segments: the copy stands in the middle of one.</summary>
    private const int MiddleSegment = 4;

    /// <summary>Runs out in the test, and not under the other calls of a loaded machine.</summary>
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(2);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Reader_StoppedWhileItsBlockIsReused_LoadsWhatWasWholeAndNothingMixed(bool lenient)
    {
        var options = RunningNode.Options(capacityBytes: 1 << 20);
        await using var node = await RunningNode.StartAsync(
            options with { Limits = options.Limits with { MaxAge = Short } }, TransferPlane.SharedMemory);
        var client = await node.ConnectAsync();
        await PutAsync(client, seed: 1);
        await using var reader = await StartAsync(node.Address, lenient);
        var lookup = await reader.DoAsync(Lookup(1));
        Assert.Equal(Tokens, lookup.HitTokens);
        await reader.DoAsync(Lookup(1) with
        {
            Do = "begin-retrieve",
            Ticket = lookup.Ticket,
            GateToken = ChunkTokens,
            GateSegment = MiddleSegment,
        });
        reader.Stop();
        await Until.TrueAsync(() => node.Node.Snapshot() is { Reservations: 0, Leases: 0 }, () => "The reservation does not end.");
        await FillAsync(client, 100, rounds: 2);
        Assert.Equal(0, await HitAsync(client, seed: 1));
        reader.Continue();
        var reply = await reader.TryAsync(new WorkerCommand { Do = "finish" });
        if (lenient) Assert.Equal(("", ChunkTokens, "SharedMemory"), (reply.Error, reply.Loaded, reply.Plane));
        else Assert.Contains("The block was taken back while it was copied", reply.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Writer_CutOffWhileStopped_KeepsItsBlocksUntilItSettlesOrIsDead(bool goesOn)
    {
        await using var node = await RunningNode.StartAsync(
            RunningNode.Options(capacityBytes: 1 << 20) with { StoreIdleTimeout = Short },
            TransferPlane.SharedMemory);
        var client = await node.ConnectAsync();
        await using var writer = await StartAsync(node.Address);
        await BeginStoreAsync(writer, seed: 1, gateToken: ChunkTokens, MiddleSegment);
        writer.Stop();
        await Until.TrueAsync(() => node.Node.Snapshot() is { WritingBlocks: 0, QuarantinedBlocks: 2 },
            () => $"The store is not cut off: {node.Node.Snapshot()}");

        // Everything else is evicted over and over; the two blocks stay nobody's.
        await FillAsync(client, 100, rounds: 4);
        Assert.Equal(2, node.Node.Snapshot().QuarantinedBlocks);
        if (goesOn)
        {
            writer.Continue();
            var reply = await writer.TryAsync(new WorkerCommand { Do = "finish" });
            Assert.Contains("sent nothing for 2 s", reply.Error, StringComparison.Ordinal);
        }
        else
        {
            writer.Kill();
        }

        await Until.TrueAsync(() => node.Node.Snapshot() is { QuarantinedBlocks: 0, QuarantinedBytes: 0 },
            () => $"The blocks do not come back: {node.Node.Snapshot()}");

        // The writer wrote its chunk to the end after it was cut off: nobody's bytes suffered.
        await VerifyAsync(client, 100);
        await PutAsync(client, seed: 1);
        Assert.Equal(Tokens, await HitAsync(client, seed: 1));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, MiddleSegment)]
    [InlineData(0, 7)]
    [InlineData(ChunkTokens, 0)]
    [InlineData(2 * ChunkTokens, 0)]
    [InlineData(2 * ChunkTokens, 7)]
    public async Task Writer_KilledAtAnyStep_LeavesWhatItCommittedAndNothingElse(int gateToken, int gateSegment)
    {
        await using var node = await RunningNode.StartAsync(plane: TransferPlane.SharedMemory);
        var client = await node.ConnectAsync();
        await using var writer = await StartAsync(node.Address);
        await BeginStoreAsync(writer, seed: 1, gateToken, gateSegment);
        var committed = gateToken / ChunkTokens;
        await Until.TrueAsync(() => node.Node.Snapshot().WritingBlocks == 3 - committed, () => $"{node.Node.Snapshot()}");
        writer.Kill();
        await Until.TrueAsync(
            () => node.Node.Snapshot() is { Sessions: 1, WritingBlocks: 0, QuarantinedBlocks: 0, Leases: 0 } now && now.Blocks == committed,
            () => $"Something is left: {node.Node.Snapshot()}");
        Assert.Equal(gateToken, await HitAsync(client, seed: 1));
        await PutAsync(client, seed: 1);
        Assert.Equal(Tokens, await HitAsync(client, seed: 1));
    }

    [Fact]
    public async Task Worker_KilledAfterItsStore_LeavesTheWholeStore()
    {
        await using var node = await RunningNode.StartAsync(plane: TransferPlane.SharedMemory);
        await using var writer = await StartAsync(node.Address);
        var lookup = await writer.DoAsync(Lookup(1));
        var stored = await writer.DoAsync(Lookup(1) with { Do = "store", Ticket = lookup.Ticket });
        Assert.Equal((3, "SharedMemory"), (stored.Committed, stored.Plane));
        writer.Kill();
        await node.WaitUntilIdleAsync();
        Assert.Equal(Tokens, await HitAsync(await node.ConnectAsync(), seed: 1));
    }

    [Fact]
    public async Task Quarantine_AboveItsCap_MakesStoresStream()
    {
        var options = RunningNode.Options(capacityBytes: 1 << 20);
        await using var node = await RunningNode.StartAsync(
            options with { Host = options.Host with { MaxQuarantine = 0.05 }, StoreIdleTimeout = Short },
            TransferPlane.SharedMemory);
        var client = await node.ConnectAsync();
        await using var writer = await StartAsync(node.Address);
        await BeginStoreAsync(writer, seed: 1, gateToken: ChunkTokens, MiddleSegment);
        writer.Stop();
        await Until.TrueAsync(() => node.Node.Snapshot().QuarantinedBlocks == 2, () => $"{node.Node.Snapshot()}");
        Assert.Equal(TransferPlane.Stream, await PutAsync(client, seed: 2));
        Assert.Equal(Tokens, await HitAsync(client, seed: 2));
        writer.Kill();
        await Until.TrueAsync(() => node.Node.Snapshot().QuarantinedBlocks == 0, () => $"{node.Node.Snapshot()}");
        Assert.Equal(TransferPlane.SharedMemory, await PutAsync(client, seed: 3));
    }

    [Fact]
    public async Task Node_KilledUnderItsWorkers_TheyFinishTheirCopiesAndGoOnWithTheNextNode()
    {
        await using var first = await ServeProcess.StartAsync();
        var port = new Uri(first.Address).Port;
        await using var writer = await StartAsync(first.Address, lenient: true);
        await using var reader = await StartAsync(first.Address, lenient: true);
        var cold = await writer.DoAsync(Lookup(1));
        Assert.Equal(3, (await writer.DoAsync(Lookup(1) with { Do = "store", Ticket = cold.Ticket })).Committed);
        var warm = await reader.DoAsync(Lookup(1));
        await reader.DoAsync(Lookup(1) with { Do = "begin-retrieve", Ticket = warm.Ticket, GateToken = ChunkTokens });
        await BeginStoreAsync(writer, seed: 2, gateToken: ChunkTokens, MiddleSegment);
        first.Kill();
        await first.WaitForExitAsync();

        // The memory outlives the node, and what lies in it is right.
        Assert.Equal((Tokens, "SharedMemory"), Outcome(await reader.DoAsync(new WorkerCommand { Do = "finish" })));
        Assert.Equal("", (await writer.DoAsync(new WorkerCommand { Do = "finish" })).Error);

        await using var second = await ServeProcess.StartAsync("--listen", $"127.0.0.1:{port}");
        await StoreWhenConnectedAsync(writer, seed: 3);
        var lookup = await LookupWhenConnectedAsync(reader, seed: 3);
        Assert.Equal((Tokens, "SharedMemory"), Outcome(await reader.DoAsync(Lookup(3) with { Do = "retrieve", Ticket = lookup.Ticket })));
        Assert.Equal(0, (await reader.DoAsync(Lookup(1))).HitTokens);
    }

    private static (int Loaded, string Plane) Outcome(WorkerReply reply) => (reply.Loaded, reply.Plane);

    private static WorkerCommand Lookup(int seed) => new() { Do = "lookup", Tokens = Tokens, Seed = seed };

    private static Task<WorkerProcess> StartAsync(string address, bool lenient = false) =>
        WorkerProcess.StartAsync(address, Guid.NewGuid().ToString("N"), null, TransferPlane.SharedMemory, lenient);

    private static async Task BeginStoreAsync(WorkerProcess writer, int seed, int gateToken, int gateSegment)
    {
        var lookup = await writer.DoAsync(Lookup(seed));
        await writer.DoAsync(Lookup(seed) with
        {
            Do = "begin-store",
            Ticket = lookup.Ticket,
            GateToken = gateToken,
            GateSegment = gateSegment,
        });
    }

    /// <summary>Every command is a miss until the client has found the new node.</summary>
    private static async Task StoreWhenConnectedAsync(WorkerProcess worker, int seed)
    {
        WorkerReply stored;
        do
        {
            var lookup = await worker.DoAsync(Lookup(seed));
            stored = await worker.DoAsync(Lookup(seed) with { Do = "store", Ticket = lookup.Ticket });
        }
        while (stored.Committed + stored.Present < 3);
        Assert.Equal("SharedMemory", stored.Plane);
    }

    private static async Task<WorkerReply> LookupWhenConnectedAsync(WorkerProcess worker, int seed)
    {
        WorkerReply lookup;
        do lookup = await worker.DoAsync(Lookup(seed));
        while (lookup.HitTokens == 0);
        return lookup;
    }

    private static async Task<TransferPlane> PutAsync(PrefixCacheClient client, int seed)
    {
        var (layout, tokens) = (TestKv.Layout(), TestKv.Tokens(Tokens, seed));
        await client.RegisterLayoutAsync(layout);
        await using var reservation = await client.LookupAsync(layout, tokens);
        var summary = await reservation.StoreAsync(TestKv.Memory(layout, TestKv.Compute(layout, tokens), Tokens));
        Assert.Equal(0, summary.Refused);
        return summary.Plane;
    }

    /// <summary>The hit's tokens, every byte of them verified.</summary>
    private static async Task<int> HitAsync(PrefixCacheClient client, int seed)
    {
        var (layout, tokens) = (TestKv.Layout(), TestKv.Tokens(Tokens, seed));
        await using var reservation = await client.LookupAsync(layout, tokens);
        var memory = new byte[layout.Shapes[0].PayloadBytes(Tokens)];
        var loaded = await reservation.RetrieveAsync(TestKv.Memory(layout, memory, Tokens));
        Assert.Equal(reservation.HitTokens, loaded.Tokens);
        Assert.Null(TestKv.FindDifference(layout, tokens, memory, 0, loaded.Tokens));
        return loaded.Tokens;
    }

    /// <summary>Prompts enough to fill the arena of 16 chunks, several times over.</summary>
    private static async Task FillAsync(PrefixCacheClient client, int seed, int rounds)
    {
        for (var i = 0; i < rounds * 6; i++)
        {
            await PutAsync(client, seed + (i % 7));
            Assert.Equal(Tokens, await HitAsync(client, seed + (i % 7)));
        }
    }

    private static async Task VerifyAsync(PrefixCacheClient client, int seed)
    {
        for (var i = 0; i < 7; i++) await HitAsync(client, seed + i);
    }
}
