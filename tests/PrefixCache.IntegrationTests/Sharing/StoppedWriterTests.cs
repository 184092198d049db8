using PrefixCache.Client;
using PrefixCache.IntegrationTests.Fixtures;

namespace PrefixCache.IntegrationTests.Sharing;

/// <summary>A process that writes shared memory by hand, step by step: which blocks are whose, whatever it does, until it dies.</summary>
public sealed class StoppedWriterTests
{
    private const int Tokens = ArenaFiller.PromptTokens;
    private const int Chunks = 3;

    /// <summary>Prompts of three blocks of 64 KiB: three times as many as the arena holds.</summary>
    private const int FillPrompts = 32;

    private static readonly WorkerCommand Lookup = new() { Do = "lookup", Tokens = Tokens };

    [Fact]
    public async Task Writer_CutOffBeforeItsCommit_KeepsItsBlocksUntilItIsDead()
    {
        await using var node = await RunningNode.StartAsync(
            RunningNode.Options(2 << 20) with { StoreIdleTimeout = TimeSpan.FromSeconds(2) });
        await using var filler = await ArenaFiller.StartAsync(node);
        await using var writer = await WorkerProcess.StartAsync(node.Address, "engine", null, TransferPlane.SharedMemory);
        var blocks = await OpenStoreAsync(writer);
        await writer.DoAsync(new WorkerCommand { Do = "write-half", Tokens = Tokens });
        writer.Stop();
        await QuarantinesAsync(node, Chunks);
        await filler.FillAsync(FillPrompts);

        writer.Continue();
        for (var chunk = 0; chunk < Chunks; chunk++)
            await writer.DoAsync(new WorkerCommand { Do = "write-chunk", Tokens = Tokens, Chunk = chunk });
        Assert.True(await filler.VerifyAllAsync() > 0);
        await filler.FillAsync(FillPrompts);
        Assert.True(node.Node.Counters.ChunksEvicted > 100);
        Assert.DoesNotContain(blocks, filler.IsUsed);
        Assert.Equal(Chunks, node.Node.Snapshot().QuarantinedBlocks);

        writer.Kill();
        await QuarantinesAsync(node, 0);
        await filler.FillUntilUsedAsync(blocks);
        Assert.True(await filler.VerifyAllAsync() > 0);
    }

    [Theory]
    [InlineData(0, "")]
    [InlineData(0, "write-half")]
    [InlineData(0, "write-chunk")]
    [InlineData(1, "")]
    [InlineData(1, "write-half")]
    [InlineData(2, "write-chunk")]
    [InlineData(3, "")]
    public async Task Writer_KilledBetweenAnyTwoSteps_GivesEveryBlockBack(int commits, string lastStep)
    {
        await using var node = await RunningNode.StartAsync(RunningNode.Options(2 << 20));
        await using var filler = await ArenaFiller.StartAsync(node);
        var before = node.Node.Snapshot();
        await using var writer = await WorkerProcess.StartAsync(node.Address, "engine", null, TransferPlane.SharedMemory);
        var blocks = await OpenStoreAsync(writer);
        var step = new WorkerCommand { Do = "write-chunk", Tokens = Tokens };
        for (var chunk = 0; chunk < commits; chunk++)
        {
            await writer.DoAsync(step with { Chunk = chunk });
            await writer.DoAsync(step with { Do = "commit-chunk", Chunk = chunk });
        }

        if (lastStep.Length > 0) await writer.DoAsync(step with { Do = lastStep, Chunk = commits });
        Assert.Equal(Chunks - commits, node.Node.Snapshot().WritingBlocks);
        writer.Kill();
        await Until.TrueAsync(
            () => node.Node.Snapshot() is { Reservations: 0, Leases: 0, WritingBlocks: 0, QuarantinedBlocks: 0 } now
                && now.Sessions == before.Sessions && now.Blocks == commits, () => $"Something is still out: {node.Node.Snapshot()}");
        Assert.Equal(commits * 32, await filler.LoadAsync(TestKv.Tokens(Tokens)));
        await filler.FillUntilUsedAsync(blocks);
        Assert.True(await filler.VerifyAllAsync() > 0);
    }

    /// <returns>Where the store's chunks go.</returns>
    private static async Task<IReadOnlyList<long>> OpenStoreAsync(WorkerProcess writer)
    {
        var cold = await writer.DoAsync(Lookup);
        var plan = await writer.DoAsync(Lookup with { Do = "open-store", Ticket = cold.Ticket });
        Assert.Equal(Chunks, plan.Offsets.Count);
        return plan.Offsets;
    }

    private static Task QuarantinesAsync(RunningNode node, int blocks) => Until.TrueAsync(
        () => node.Node.Snapshot() is { WritingBlocks: 0 } now && now.QuarantinedBlocks == blocks,
        () => $"{blocks} blocks should be in quarantine: {node.Node.Snapshot()}");
}
