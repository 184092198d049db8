using PrefixCache.Client;
using PrefixCache.Format.Layouts;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.TestRedis.Network;
using PrefixCache.TestRedis.Servers;

namespace PrefixCache.IntegrationTests.Redis;

/// <summary>A node dies in the middle of a write.</summary>
public sealed class KilledWriterTests
{
    /// <summary>12 MiB a chunk: three parts of the size that `serve` writes.</summary>
    private static readonly KvLayout Layout = KvLayout.Uniform(
        "large", "1", KvType.BFloat16, layers: 16, kvHeads: 4, headDimension: 64, chunkTokens: 768);

    [Fact]
    public async Task Node_KilledWhileItWrites_LeavesNothingThatIsSeenOrStays()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var way = new SlowProxy(redis.Port);
        way.ToServer.BytesPerSecond = 6 << 20;
        var prompt = TestKv.Tokens(Layout.ChunkTokens, 9);
        await using (var dying = await ServeProcess.StartAsync("--redis", way.Address, "--redis-timeout", "20s"))
        {
            await using var client = await PrefixCacheClient.ConnectAsync(new PrefixCacheClientOptions { Address = dying.Address });
            await client.RegisterLayoutAsync(Layout);
            await using var reservation = await client.LookupAsync(Layout, prompt);
            Assert.Equal(1, (await reservation.StoreAsync(
                TestKv.Memory(Layout, FleetKv.Compute(Layout, prompt, 1), prompt.Length))).Committed);
            await Until.TrueAsync(async () => (await RedisFleet.PartsAsync(redis)).Count > 0, () => "No part was written.");
            dying.Kill();
        }

        way.Cut();
        Assert.Empty(await RedisFleet.ManifestsAsync(redis));
        var orphans = await RedisFleet.PartsAsync(redis);
        Assert.InRange(orphans.Count, 1, 2);
        await using (var client = await redis.ConnectAsync())
            foreach (var part in orphans) Assert.InRange(await RedisFleet.TimeLeftAsync(client, part), 1, 120_000);

        await using var fleet = new RedisFleet(redis.Address, options => options with { PartBytes = 4 << 20 });
        var (first, second) = (await StartAsync(fleet), await StartAsync(fleet));
        Assert.Equal(0, await first.ReuseAsync(prompt, Layout, writers: [2]));
        await first.StoreAsync(prompt, 2, Layout);
        Assert.Equal(prompt.Length, await second.ReuseAsync(prompt, Layout, writers: [2]));
        Assert.Equal(orphans.Count + 3, (await RedisFleet.PartsAsync(redis)).Count);
    }

    private static async Task<FleetNode> StartAsync(RedisFleet fleet)
    {
        var node = await fleet.StartAsync();
        await node.Client.RegisterLayoutAsync(Layout);
        return node;
    }
}
