using PrefixCache.Client;
using PrefixCache.Format.Layouts;
using PrefixCache.IntegrationTests.Fixtures;

namespace PrefixCache.IntegrationTests.Lifecycle;

/// <summary>Pipeline stages, tensor-parallel shards, latents with one plane and a shard that two ranks hold, in one layout.</summary>
public sealed class ShardTests
{
    private static readonly KvLayout Layout = new()
    {
        Model = "test-model",
        Revision = "mixed",
        Type = KvType.BFloat16,
        ChunkTokens = 32,
        Groups =
        [
            new LayerGroup { Layers = [0, 3], Heads = 2, HeadBytes = 128 },
            new LayerGroup { Layers = [1, 2], Planes = 1, Heads = 2, HeadBytes = 40 },
        ],
        Shards =
        [
            new LayoutShard { Layers = 2, Ranks = [0] },
            new LayoutShard { FirstLayer = 2, Layers = 2, Heads = 1, Ranks = [1, 3] },
            new LayoutShard { FirstLayer = 2, Layers = 2, FirstHead = 1, Heads = 1, Ranks = [2] },
        ],
    };

    [Theory]
    [InlineData(false, TransferPlane.Stream)]
    [InlineData(true, TransferPlane.Stream)]
    [InlineData(false, TransferPlane.SharedMemory)]
    [InlineData(true, TransferPlane.SharedMemory)]
    public async Task EachShard_StoredByItsFirstRank_IsLoadedByAllOfItsRanks(bool layerOrder, TransferPlane plane)
    {
        await using var node = await RunningNode.StartAsync(plane: plane);
        var tokens = TestKv.Tokens(77);
        var scheduler = await ConnectAsync(node, null);
        var ranks = new List<PrefixCacheClient>();
        for (var rank = 0; rank < 4; rank++) ranks.Add(await ConnectAsync(node, rank));
        await using var cold = await scheduler.LookupAsync(Layout, tokens);
        for (var shard = 0; shard < 3; shard++)
        {
            var source = TestKv.Memory(Layout, TestKv.Compute(Layout, tokens, shard), tokens.Length, shard);
            var summary = await ranks[Layout.Shards[shard].Ranks[0]].OpenReservation(Layout, cold.Ticket).StoreAsync(source,
                new TransferOptions { Shard = shard });
            Assert.Equal((3, plane), (summary.Committed, summary.Plane));
        }

        await using var warm = await scheduler.LookupAsync(Layout, tokens);
        Assert.Equal(77, warm.HitTokens);
        for (var shard = 0; shard < 3; shard++)
            foreach (var rank in Layout.Shards[shard].Ranks) await AssertLoadsAsync(ranks[rank], warm.Ticket, tokens, shard, layerOrder);
        Assert.Equal(77L * Layout.BytesPerToken, node.Node.Snapshot().UsedBytes);
    }

    [Fact]
    public async Task Shard_HeldByTwoRanks_IsStoredByTheFirstAlone()
    {
        await using var node = await RunningNode.StartAsync();
        var tokens = TestKv.Tokens(40);
        var (scheduler, second) = (await ConnectAsync(node, null), await ConnectAsync(node, 3));
        await using var cold = await scheduler.LookupAsync(Layout, tokens);
        var source = TestKv.Memory(Layout, TestKv.Compute(Layout, tokens, 1), 40, 1);
        var refusal = await Assert.ThrowsAsync<PrefixCacheException>(
            () => second.OpenReservation(Layout, cold.Ticket).StoreAsync(source, new TransferOptions { Shard = 1 }).AsTask());
        Assert.Contains("Rank 3 does not store shard 1: the first of its ranks 1, 3 does", refusal.Message, StringComparison.Ordinal);
    }

    private static async Task<PrefixCacheClient> ConnectAsync(RunningNode node, int? rank)
    {
        var client = await node.ConnectAsync(options => options with
        {
            InstanceId = "engine",
            Role = rank is null ? WorkerRole.Scheduler : WorkerRole.Rank,
            Rank = rank ?? 0,
        });
        await client.RegisterLayoutAsync(Layout);
        return client;
    }

    private static async Task AssertLoadsAsync(PrefixCacheClient rank, ReservationTicket ticket, int[] tokens, int shard, bool layerOrder)
    {
        var memory = new byte[Layout.Shapes[shard].PayloadBytes(tokens.Length)];
        var loaded = await rank.OpenReservation(Layout, ticket).RetrieveAsync(
            TestKv.Memory(Layout, memory, tokens.Length, shard),
                new TransferOptions { Shard = shard, LayerOrder = layerOrder, FirstToken = 5 });
        Assert.Equal((77, 72), (loaded.EndToken, loaded.Tokens));
        Assert.Null(TestKv.FindDifference(Layout, tokens, memory, 5, 72, shard));
    }
}
