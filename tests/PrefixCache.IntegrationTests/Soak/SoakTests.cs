using PrefixCache.Client;
using PrefixCache.IntegrationTests.Fixtures;

namespace PrefixCache.IntegrationTests.Soak;

/// <summary>30 seconds of everything at once on both planes, in an arena a quarter of the working set.</summary>
public sealed class SoakTests
{
    private const int Clients = 4;
    private const int Victims = 2;

    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Node_UnderConcurrentWorkAndKilledClients_ServesRightBytesWithinItsBudget()
    {
        await using var node = await RunningNode.StartAsync(RunningNode.Options(capacityBytes: 4 << 20), TransferPlane.SharedMemory);
        using var end = new CancellationTokenSource(Duration);
        var watch = WatchBudgetAsync(node, end.Token);
        var sharing = Task.WhenAll(Enumerable.Range(0, Clients).Select(index => ShareAsync(node, index, end.Token)));
        var killing = Task.WhenAll(Enumerable.Range(0, Victims).Select(index => KillAsync(node, index, end.Token)));
        var (clients, victims) = (await sharing, await killing);
        var samples = await watch;
        var counts = clients.Concat(victims.Select(victim => victim.Counts)).Aggregate((total, one) => total.Plus(one));
        var (kills, evicted) = (victims.Sum(victim => victim.Kills), node.Node.Counters.ChunksEvicted);
        TestContext.Current.TestOutputHelper!.WriteLine(FormattableString.Invariant(
            $"lookups {counts.Lookups}, hits {counts.Hits}, chunks stored {counts.Chunks}, bytes verified {counts.BytesVerified}, appends {counts.Appends}, ")
            + FormattableString.Invariant(
                $"clears {counts.Clears}, evictions {evicted}, kills {kills}, aborted {node.Node.Counters.StoresAborted}, ")
            + FormattableString.Invariant($"refused {node.Node.Counters.StoresRefused}, budget samples {samples}"));
        Assert.True(node.Node.Counters.StoresAborted > 0, "No client was killed within a store.");
        Assert.True(counts is { Hits: > 100, Chunks: > 100, Appends: > 0, Clears: > 0 } && evicted > 100 && kills > 3 && samples > 100,
            counts.ToString());
        await Until.TrueAsync(
            () => node.Node.Snapshot() is { Reservations: 0, ReservedTokens: 0, Leases: 0, WritingBlocks: 0, QuarantinedBlocks: 0 },
            () => $"Something is still out: {node.Node.Snapshot()}");
        await AssertEmptyAfterClearAsync(node);
    }

    /// <summary>One client whose transfers overlap.</summary>
    private static async Task<ShareCounts> ShareAsync(RunningNode node, int index, CancellationToken end)
    {
        var client = await node.ConnectAsync(options => options with { SharedMemory = index % 2 == 0 });
        var layout = TestKv.Layout();
        await client.RegisterLayoutAsync(layout, CancellationToken.None);
        var sharers = Enumerable.Range(0, 2).Select(part => new PromptSharer(client, layout, (index * 2) + part)).ToList();
        await Task.WhenAll(sharers.Select(sharer => Task.Run(async () =>
        {
            while (!end.IsCancellationRequested) await sharer.ShareOneAsync(CancellationToken.None);
        }, CancellationToken.None)));
        return sharers.Select(sharer => sharer.Counts).Aggregate((total, one) => total.Plus(one));
    }

    /// <summary>Starts worker processes and kills each in the middle of its work.</summary>
    private static async Task<(ShareCounts Counts, int Kills)> KillAsync(RunningNode node, int index, CancellationToken end)
    {
        var (random, counts, kills) = (new Random(index), ShareCounts.None, 0);
        while (!end.IsCancellationRequested)
        {
            await using var worker = await WorkerProcess.StartAsync(node.Address, Guid.NewGuid().ToString("N"), null, Plane(kills));
            await worker.SendAsync(new WorkerCommand { Do = "share", Seed = 10_000 + (index * 1000) + kills });
            WorkerReply? reply = null;
            for (var batches = random.Next(1, 20); batches > 0; batches--)
            {
                reply = await worker.ReadReplyAsync();
                Assert.Equal("", reply?.Error);
            }

            worker.Kill();
            counts = counts.Plus(reply!.Shared!);
            await KillStoringAsync(node, 20_000 + (index * 1000) + kills, random.Next(1, 128));
            kills += 2;
        }

        return (counts, kills);
    }

    /// <summary>Kills a process for certain within a store.</summary>
    private static async Task KillStoringAsync(RunningNode node, int seed, int gateToken)
    {
        await using var worker = await WorkerProcess.StartAsync(node.Address, Guid.NewGuid().ToString("N"), null, Plane(seed));
        var lookup = await worker.DoAsync(new WorkerCommand { Do = "lookup", Tokens = 128, Seed = seed });
        await worker.DoAsync(
            new WorkerCommand { Do = "begin-store", Tokens = 128, Seed = seed, Ticket = lookup.Ticket, GateToken = gateToken });
        worker.Kill();
    }

    private static TransferPlane Plane(int number) => number % 4 < 2 ? TransferPlane.SharedMemory : TransferPlane.Stream;

    private static async Task<int> WatchBudgetAsync(RunningNode node, CancellationToken end)
    {
        var samples = 0;
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!end.IsCancellationRequested && await tick.WaitForNextTickAsync(CancellationToken.None))
        {
            var now = node.Node.Snapshot();
            Assert.True(now.UsedBytes <= now.AllocatedBytes && now.AllocatedBytes <= now.CapacityBytes, now.ToString());
            samples++;
        }

        return samples;
    }

    private static async Task AssertEmptyAfterClearAsync(RunningNode node)
    {
        var client = await node.ConnectAsync();
        await client.ClearAllAsync();
        var empty = node.Node.Snapshot();
        Assert.Equal((0L, 0, 0L, 0L, 0), (empty.Chunks, empty.Blocks, empty.UsedBytes, empty.AllocatedBytes, empty.Namespaces));
    }
}
