using PrefixCache.Client;
using PrefixCache.IntegrationTests.Fixtures;

namespace PrefixCache.IntegrationTests.Lifecycle;

public sealed class StoreAndReuseTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false, TransferPlane.Stream)]
    [InlineData(true, TransferPlane.Stream)]
    [InlineData(false, TransferPlane.SharedMemory)]
    [InlineData(true, TransferPlane.SharedMemory)]
    public async Task Retrieve_AfterAnotherWorkerStored_GivesTheSameBytes(bool layerOrder, TransferPlane plane)
    {
        await using var node = await RunningNode.StartAsync(plane: plane);
        var (layout, tokens) = (TestKv.Layout(), TestKv.Tokens(100));
        var kv = TestKv.Compute(layout, tokens);
        var writer = await node.ConnectAsync();
        await writer.RegisterLayoutAsync(layout, Token);
        await using (var cold = await writer.LookupAsync(layout, tokens, null, Token))
        {
            Assert.Equal(0, cold.HitTokens);
            var stored = await cold.StoreAsync(TestKv.Memory(layout, kv, 100), null, Token);
            Assert.Equal((4, 0, 0, plane), (stored.Committed, stored.Present, stored.Refused, stored.Plane));
        }

        var reader = await node.ConnectAsync();
        await reader.RegisterLayoutAsync(layout, Token);
        await using var warm = await reader.LookupAsync(layout, tokens, null, Token);
        Assert.Equal(100, warm.HitTokens);
        var memory = new byte[kv.Length];
        var loaded = await warm.RetrieveAsync(TestKv.Memory(layout, memory, 100), new TransferOptions { LayerOrder = layerOrder }, Token);
        Assert.Equal((100, (long)kv.Length, plane), (loaded.Tokens, loaded.Bytes, loaded.Plane));
        Assert.Equal(kv, memory);
    }

    [Theory]
    [InlineData(TransferPlane.Stream)]
    [InlineData(TransferPlane.SharedMemory)]
    public async Task Store_OfWhatIsThere_SendsNothing(TransferPlane plane)
    {
        await using var node = await RunningNode.StartAsync(plane: plane);
        var (layout, tokens) = (TestKv.Layout(), TestKv.Tokens(96));
        var source = TestKv.Memory(layout, TestKv.Compute(layout, tokens), 96);
        var client = await node.ConnectAsync();
        await client.RegisterLayoutAsync(layout, Token);
        await using var first = await client.LookupAsync(layout, tokens, null, Token);
        await first.StoreAsync(source, null, Token);
        await using var second = await client.LookupAsync(layout, tokens, null, Token);
        var again = await second.StoreAsync(source, null, Token);
        Assert.Equal((0, 3, 0L), (again.Committed, again.Present, again.Bytes));
    }

    [Theory]
    [InlineData(TransferPlane.Stream)]
    [InlineData(TransferPlane.SharedMemory)]
    public async Task Retrieve_OfAPart_FillsJustThatPart(TransferPlane plane)
    {
        await using var node = await RunningNode.StartAsync(plane: plane);
        var (layout, tokens) = (TestKv.Layout(), TestKv.Tokens(100));
        var client = await node.ConnectAsync();
        await client.RegisterLayoutAsync(layout, Token);
        await using var reservation = await client.LookupAsync(layout, tokens, null, Token);
        await reservation.StoreAsync(TestKv.Memory(layout, TestKv.Compute(layout, tokens), 100), null, Token);
        await using var aligned = await client.LookupAsync(layout, tokens, new LookupOptions { AlignTokens = 16, ComputedTokens = 40 },
            Token);
        Assert.Equal(96, aligned.HitTokens);
        var memory = new byte[TestKv.Compute(layout, tokens).Length];
        var loaded = await aligned.RetrieveAsync(TestKv.Memory(layout, memory, 100), new TransferOptions { FirstToken = 40 }, Token);
        Assert.Equal((96, 56), (loaded.EndToken, loaded.Tokens));
        Assert.Null(TestKv.FindDifference(layout, tokens, memory, 40, 56));
        Assert.Equal(0, memory[0]);
    }

    [Theory]
    [InlineData(TransferPlane.Stream)]
    [InlineData(TransferPlane.SharedMemory)]
    public async Task Release_WithoutAReport_TellsWhatWasLoaded(TransferPlane plane)
    {
        await using var node = await RunningNode.StartAsync(plane: plane);
        var (layout, tokens) = (TestKv.Layout(), TestKv.Tokens(96));
        var kv = TestKv.Compute(layout, tokens);
        var client = await node.ConnectAsync();
        await client.RegisterLayoutAsync(layout, Token);
        await using (var cold = await client.LookupAsync(layout, tokens, null, Token))
            await cold.StoreAsync(TestKv.Memory(layout, kv, 96), null, Token);
        await using (var warm = await client.LookupAsync(layout, tokens, null, Token))
        {
            await warm.RetrieveAsync(TestKv.Memory(layout, new byte[kv.Length], 96), new TransferOptions { EndToken = 64 }, Token);
            await warm.RetrieveAsync(TestKv.Memory(layout, new byte[kv.Length], 96), new TransferOptions { FirstToken = 64 }, Token);
        }

        var counters = node.Node.Counters;
        Assert.Equal((96L, plane == TransferPlane.SharedMemory ? kv.Length : 0L), (counters.TokensLoaded, counters.BytesShared));
    }

    [Fact]
    public async Task Store_OfAReadOnlyClient_DoesNothing()
    {
        await using var node = await RunningNode.StartAsync(plane: TransferPlane.SharedMemory);
        var (layout, tokens) = (TestKv.Layout(), TestKv.Tokens(40));
        var events = new EventLog();
        await using var client = await PrefixCacheClient.ConnectAsync(
            new PrefixCacheClientOptions { Address = node.Address, ReadOnly = true }, events.Add, Token);
        await client.RegisterLayoutAsync(layout, Token);
        await using var reservation = await client.LookupAsync(layout, tokens, null, Token);
        var stored = await reservation.StoreAsync(TestKv.Memory(layout, TestKv.Compute(layout, tokens), 40), null, Token);
        Assert.Equal(StoreSummary.Nothing, stored);
        Assert.Equal(TransferPlane.SharedMemory, client.Plane);
        Assert.Equal(0, events.Count(ClientEventKind.CallFailed));
    }

    [Theory]
    [InlineData(TransferPlane.Stream)]
    [InlineData(TransferPlane.SharedMemory)]
    public async Task Append_OfDecodedTokens_LetsTheNextTurnReuseThem(TransferPlane plane)
    {
        await using var node = await RunningNode.StartAsync(plane: plane);
        var (layout, tokens) = (TestKv.Layout(), TestKv.Tokens(128));
        var source = TestKv.Memory(layout, TestKv.Compute(layout, tokens), 128);
        var client = await node.ConnectAsync();
        await client.RegisterLayoutAsync(layout, Token);
        await using (var turn = await client.LookupAsync(layout, tokens.AsMemory(0, 70), null, Token))
        {
            await turn.StoreAsync(source, null, Token);
            Assert.True(await turn.AppendAsync(tokens.AsMemory(70, 58), Token));
            var stored = await turn.StoreAsync(source, new TransferOptions { FirstToken = 64 }, Token);
            Assert.Equal(2, stored.Committed);
        }

        await using var next = await client.LookupAsync(layout, tokens, null, Token);
        Assert.Equal(128, next.HitTokens);
    }
}
