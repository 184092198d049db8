using PrefixCache.Core.Tiers.Redis;
using PrefixCache.TestRedis.Servers;

namespace PrefixCache.IntegrationTests.Redis;

/// <summary>Redis has no more memory: it refuses, or it evicts what it likes.</summary>
public sealed class FullServerTests
{
    private const int Rounds = 30;

    [Theory]
    [InlineData(0.5)]
    [InlineData(1.0)]
    public async Task Server_FullAndEvictingNothing_IsReadAndTakesWritesWhenItHasRoom(double share)
    {
        await using var redis = await RedisServer.StartAsync(new RedisServerOptions { MaxMemoryBytes = 8 << 20 });
        await using var fleet = new RedisFleet(redis.Address, options => options with { MaxMemoryShare = share });
        var (first, second) = (await fleet.StartAsync(), await fleet.StartAsync());
        var kept = fleet.FreshPrompt();
        await first.StoreAsync(kept);
        for (var prompt = 0; prompt < 24; prompt++) await first.StoreAsync(fleet.FreshPrompt());
        if (share < 1) await first.WaitUntilAsync(RedisState.ReadOnly);
        Assert.True(share < 1 || first.Counters.DroppedWrites(RedisDrop.Failed) > 0);
        Assert.Equal(kept.Length, await second.ReuseAsync(kept));

        // What was half written when the memory was full is not there for anybody.
        var manifests = await RedisFleet.ManifestsAsync(redis);
        await second.WaitUntilAsync(second.Redis.State);
        Assert.InRange(manifests.Count, 4, 60);

        await redis.CommandAsync("CONFIG", "SET", "maxmemory", "64mb");
        await fleet.AssertRecoveredAsync(first, second);
    }

    /// <summary>
    /// Hot chunks are looked up again and again by a node that cannot keep them; meanwhile more than twice the server's memory is written.
    /// </summary>
    [Fact]
    public async Task Server_FullAndEvictingTheLeastRecentlyUsed_KeepsHotChunksWhole()
    {
        await using var redis = await RedisServer.StartAsync(
            new RedisServerOptions { MaxMemoryBytes = 24 << 20, MaxMemoryPolicy = "allkeys-lru", Settings = ["maxmemory-samples 10"] });
        await using var fleet = new RedisFleet(redis.Address);
        var first = await fleet.StartAsync();
        var second = await fleet.StartAsync(
            4 << 20, redisOptions: options => options with { Write = RedisWritePolicy.Never },
            nodeOptions: options => options with { Eviction = "lru" });
        var hot = fleet.FreshPrompt();
        await first.StoreAsync(hot);
        var cold = new List<int[]>();

        // Redis tells ages in whole seconds: what is hot must be some of them younger than what goes.
        for (var round = 0; round < Rounds; round++)
        {
            for (var i = 0; i < 4; i++)
            {
                cold.Add(fleet.FreshPrompt());
                await first.StoreAsync(cold[^1]);
            }

            for (var i = 0; i < 10; i++) await second.StoreAsync(fleet.FreshPrompt(), isWritten: false);
            var hit = await second.ReuseAsync(hot);
            Assert.True(hit == hot.Length, $"{hit} of {hot.Length} hot tokens were left in round {round}.");
            await Task.Delay(TimeSpan.FromMilliseconds(300), TestContext.Current.CancellationToken);
        }

        Assert.True(second.Counters.ChunksLoaded >= 4 * (Rounds - 2), "The small node had kept what is hot.");
        Assert.True(long.Parse(await redis.InfoAsync("evicted_keys")) > 500);
        var hits = 0;
        foreach (var prompt in cold) hits += await second.ReuseAsync(prompt) == prompt.Length ? 1 : 0;
        Assert.InRange(hits, 1, cold.Count / 2);
        Assert.True(second.Counters.ChunksDamaged > 0, "No chunk was evicted in part.");
        await fleet.AssertRecoveredAsync(first, second);
    }
}
