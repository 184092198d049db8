using PrefixCache.Client;
using PrefixCache.Core.Tiers.Redis;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.TestRedis.Servers;

namespace PrefixCache.IntegrationTests.Redis;

/// <summary>What one node has, another finds in Redis.</summary>
public sealed class SharedPrefixTests
{
    private const int Prefix = 900;
    private const int ChunkTokens = 256;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(TransferPlane.Stream)]
    [InlineData(TransferPlane.SharedMemory)]
    public async Task Lookup_OfAPrefixThatAnotherNodeComputed_HitsAllOfIt_AlsoAfterRestarts(TransferPlane plane)
    {
        await using var redis = await RedisServer.StartAsync();
        var layout = TestKv.Layout(chunkTokens: ChunkTokens);
        await using (var first = await StartAsync(redis.Address, plane))
        await using (var second = await StartAsync(redis.Address, plane))
        {
            await StoreAsync(first, layout, Prompt(1));
            await Until.TrueAsync(() => first.Node.Redis!.Counters.ChunksWritten == 4, () => "The chunks were not written.");
            await ReuseAsync(second, layout, Prompt(2), Prefix);
        }

        await using var third = await StartAsync(redis.Address, plane);
        await ReuseAsync(third, layout, Prompt(3), Prefix);
    }

    [Fact]
    public async Task Prefetch_OfWhatRedisHas_HasItInMemoryBeforeItIsAskedFor()
    {
        await using var redis = await RedisServer.StartAsync();
        var layout = TestKv.Layout(chunkTokens: ChunkTokens);
        await using var first = await StartAsync(redis.Address);
        await using var second = await StartAsync(redis.Address);
        await StoreAsync(first, layout, Prompt(1));
        await RedisNodes.IdleAsync(first);
        var client = await second.ConnectAsync();
        await client.RegisterLayoutAsync(layout, Token);

        // Some of it may have come already when it is answered.
        Assert.Equal(Prefix, (await client.PrefetchAsync(layout, Prompt(2), null, Token)).PendingTokens);
        await RedisNodes.IdleAsync(second);
        Assert.Equal(new PrefetchedPrefix(Prefix, Prefix), await client.PrefetchAsync(layout, Prompt(2), null, Token));
        await using var warm = await client.LookupAsync(layout, Prompt(2), null, Token);
        Assert.Equal(Prefix, warm.HitTokens);
        Assert.Equal(new PrefetchedPrefix(0, 0), await client.PrefetchAsync(layout, TestKv.Tokens(500, 99), null, Token));
        Assert.Equal(
            new PrefetchedPrefix(0, 0), await client.PrefetchAsync(layout, Prompt(2), new PrefetchOptions { Salt = "other" }, Token));
    }

    [Fact]
    public async Task Clear_OnOneNode_IsAClearOnAll_AndStaysOneAfterRestarts()
    {
        await using var redis = await RedisServer.StartAsync();
        var layout = TestKv.Layout(chunkTokens: ChunkTokens);
        await using (var first = await StartAsync(redis.Address))
        await using (var second = await StartAsync(redis.Address))
        {
            await StoreAsync(first, layout, Prompt(1));
            await Until.TrueAsync(() => first.Node.Redis!.Counters.ChunksWritten == 4, () => "The chunks were not written.");
            await ReuseAsync(second, layout, Prompt(2), Prefix);
            var client = await first.ConnectAsync();
            await client.RegisterLayoutAsync(layout, Token);
            await client.ClearNamespaceAsync(layout, cancellationToken: Token);
            await Until.TrueAsync(() => second.Node.Snapshot().Chunks == 0, () => "The other node has not cleared it.");
            await ReuseAsync(second, layout, Prompt(2), 0);
        }

        await using var third = await StartAsync(redis.Address);
        await ReuseAsync(third, layout, Prompt(1), 0);
    }

    [Theory]
    [InlineData(RedisWritePolicy.Never, false, false)]
    [InlineData(RedisWritePolicy.OnReuse, false, true)]
    [InlineData(RedisWritePolicy.Through, true, true)]
    [InlineData(RedisWritePolicy.OnEvict, false, false)]
    public async Task Write_UnderEachPolicy_HasItInRedisWhenThePolicySaysSo(RedisWritePolicy policy, bool stored, bool reused)
    {
        await using var redis = await RedisServer.StartAsync();
        var layout = TestKv.Layout(chunkTokens: ChunkTokens);
        await using var node = await StartAsync(redis.Address, write: policy);
        await StoreAsync(node, layout, Prompt(1));
        await RedisNodes.IdleAsync(node);
        Assert.Equal(stored, await KeysAsync(redis) > 0);
        await ReuseAsync(node, layout, Prompt(1), Prompt(1).Length);
        await RedisNodes.IdleAsync(node);
        Assert.Equal(reused, await KeysAsync(redis) > 0);
    }

    [Fact]
    public async Task Write_OfWhatRedisHasLost_ComesWithTheNextUse()
    {
        await using var redis = await RedisServer.StartAsync();
        var layout = TestKv.Layout(chunkTokens: ChunkTokens);
        await using var first = await StartAsync(redis.Address);
        await StoreAsync(first, layout, Prompt(1));
        await RedisNodes.IdleAsync(first);
        redis.Kill();
        await Until.TrueAsync(() => first.Node.Redis!.State == RedisState.Away, () => "Redis is not missed.");
        await redis.RestartAsync();
        await Until.TrueAsync(() => first.Node.Redis!.State == RedisState.Available, () => "Redis is not back.");

        await ReuseAsync(first, layout, Prompt(1), Prompt(1).Length);
        await RedisNodes.IdleAsync(first);
        await using var second = await StartAsync(redis.Address);
        await ReuseAsync(second, layout, Prompt(2), Prefix);
    }

    [Fact]
    public async Task Write_OnEvict_HasWhatLeftTheHostTier()
    {
        await using var redis = await RedisServer.StartAsync();
        var layout = TestKv.Layout(chunkTokens: ChunkTokens);
        await using var node = await StartAsync(redis.Address, write: RedisWritePolicy.OnEvict, capacity: 16 << 20);
        for (var seed = 10; seed < 40; seed++) await StoreAsync(node, layout, TestKv.Tokens(1024, seed));
        await RedisNodes.IdleAsync(node);
        var counters = node.Node.Redis!.Counters;
        Assert.True(node.Node.Counters.ChunksEvicted > 50);
        Assert.True(counters.ChunksWritten > node.Node.Counters.ChunksEvicted / 2,
            $"{counters.ChunksWritten} of {node.Node.Counters.ChunksEvicted} evicted chunks were written, "
            + $"{counters.DroppedWrites(RedisDrop.QueueFull)} were not for want of time.");
        var dropped = counters.DroppedWrites(RedisDrop.QueueFull) + counters.DroppedWrites(RedisDrop.Gone);
        Assert.True(counters.ChunksWritten + dropped >= node.Node.Counters.ChunksEvicted, "Some went uncounted.");
    }

    private static int[] Prompt(int note) => [.. TestKv.Tokens(Prefix, 7), .. TestKv.Tokens(40 + (10 * note), 100 + note)];

    private static Task<RunningNode> StartAsync(string redis, TransferPlane plane = TransferPlane.Stream,
        RedisWritePolicy write = RedisWritePolicy.Through, long capacity = 64 << 20) =>
        RedisNodes.StartAsync(redis, options => options with { Write = write }, plane, capacity);

    private static async Task StoreAsync(RunningNode node, Format.Layouts.KvLayout layout, int[] prompt)
    {
        var client = await node.ConnectAsync();
        await client.RegisterLayoutAsync(layout, Token);
        await using var cold = await client.LookupAsync(layout, prompt, null, Token);
        Assert.Equal(0, cold.HitTokens);
        await cold.StoreAsync(TestKv.Memory(layout, TestKv.Compute(layout, prompt), prompt.Length), null, Token);
    }

    /// <summary>The prompt's first tokens are a hit, as many as expected, and their bytes are right.</summary>
    private static async Task ReuseAsync(RunningNode node, Format.Layouts.KvLayout layout, int[] prompt, int expected)
    {
        var client = await node.ConnectAsync();
        await client.RegisterLayoutAsync(layout, Token);
        await using var warm = await client.LookupAsync(
            layout, prompt, new LookupOptions { Wait = TimeSpan.FromSeconds(10) }, Token);
        Assert.Equal(expected, warm.HitTokens);
        if (expected == 0) return;
        var memory = new byte[layout.Shapes[0].PayloadBytes(expected)];
        var loaded = await warm.RetrieveAsync(TestKv.Memory(layout, memory, expected), null, Token);
        Assert.Equal(expected, loaded.Tokens);
        Assert.Equal(TestKv.Compute(layout, prompt.AsSpan(0, expected)), memory);
    }

    private static async Task<long> KeysAsync(RedisServer redis) =>
        (await redis.CommandAsync("KEYS", "prefixcache:{*}:m0")).Items!.Count;
}
