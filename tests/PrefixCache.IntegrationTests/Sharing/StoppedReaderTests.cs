using PrefixCache.Client;
using PrefixCache.Core.Reservations;
using PrefixCache.IntegrationTests.Fixtures;

namespace PrefixCache.IntegrationTests.Sharing;

/// <summary>A process that is stopped in its copy: what goes away meanwhile, and why, and in which order it copies.</summary>
public sealed class StoppedReaderTests
{
    private const int Tokens = ArenaFiller.PromptTokens;

    /// <summary>Half of the segments are copied when the reader stops.</summary>
    private const int GateSegment = 4;

    private static readonly WorkerCommand Lookup = new() { Do = "lookup", Tokens = Tokens };

    /// <summary>The memory that it loaded into holds bytes of two prompts then, and it says that it has none.</summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Reader_StoppedInItsCopyWhileItsBlocksAreReused_ReportsAMiss(bool schedulerDies, bool layerOrder)
    {
        var age = schedulerDies ? TimeSpan.FromHours(1) : TimeSpan.FromSeconds(2);
        await using var node = await RunningNode.StartAsync(
            RunningNode.Options(2 << 20) with { Limits = new ReservationLimits { MaxAge = age } });
        await using var filler = await ArenaFiller.StartAsync(node);
        await using var scheduler = await WorkerProcess.StartAsync(node.Address, "engine", null, TransferPlane.SharedMemory);
        await using var rank = schedulerDies
            ? await WorkerProcess.StartAsync(node.Address, "engine", 0, TransferPlane.SharedMemory)
            : null;
        var reader = rank ?? scheduler;
        var cold = await scheduler.DoAsync(Lookup);
        Assert.Equal(3, (await scheduler.DoAsync(Lookup with { Do = "store", Ticket = cold.Ticket })).Committed);
        var blocks = await filler.LocateAsync(TestKv.Tokens(Tokens));
        var warm = await scheduler.DoAsync(Lookup);
        Assert.Equal((Tokens, 3), (warm.HitTokens, blocks.Count));

        await reader.DoAsync(Lookup with
        {
            Do = "begin-retrieve",
            Ticket = warm.Ticket,
            GateSegment = GateSegment,
            LayerOrder = layerOrder,
        });
        reader.Stop();
        if (schedulerDies) scheduler.Kill();
        await Until.TrueAsync(() => node.Node.Snapshot() is { Reservations: 0, Leases: 0 },
            () => $"The reservation does not end: {node.Node.Snapshot()}");
        await filler.FillUntilUsedAsync(blocks);
        reader.Continue();
        var reply = await reader.TryAsync(new WorkerCommand { Do = "finish" });
        Assert.Contains("The block was taken back while it was copied", reply.Error, StringComparison.Ordinal);
        Assert.Equal((0, (int?)GateSegment), (reply.Loaded, reply.WrongSegment));
        Assert.True(await filler.VerifyAllAsync() > 0);
    }
}
