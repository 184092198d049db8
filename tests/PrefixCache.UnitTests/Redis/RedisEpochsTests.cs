using PrefixCache.Core.Tiers.Redis;
using PrefixCache.Core.Tiers.Redis.Resp;
using PrefixCache.TestRedis.Servers;

namespace PrefixCache.UnitTests.Redis;

/// <summary>What one node clears comes to Redis, whole, whatever happens to it there.</summary>
public sealed class RedisEpochsTests
{
    private const string Hash = "prefixcache:epochs";

    [Fact]
    public async Task KeepUp_TwiceAtTheSameTime_TellsEveryEpoch()
    {
        await using var redis = await RedisServer.StartAsync();
        using var topology = await ConnectAsync(redis);
        await using var events = new RedisEvents(Options(redis), topology, TimeProvider.System);
        var known = new List<(string Name, ulong Epoch)>();
        var epochs = new RedisEpochs(Options(redis), topology, events, () => known, _ => { });
        for (var i = 0; i < 10; i++)
        {
            epochs.Add($"n:{i}", 7);
            epochs.Add($"t:{i}", 8);
            await Task.WhenAll(epochs.KeepUpAsync(), epochs.KeepUpAsync());
        }

        Assert.Equal(20, (await redis.CommandAsync("HLEN", Hash)).Number);
    }

    [Fact]
    public async Task KeepUp_WhereRedisHasAnotherEpochAlone_TellsAllThatAreKnown()
    {
        await using var redis = await RedisServer.StartAsync();
        using var topology = await ConnectAsync(redis);
        await using var events = new RedisEvents(Options(redis), topology, TimeProvider.System);
        var known = new List<(string Name, ulong Epoch)> { ("n:one", 7), ("n:two", 8) };
        var epochs = new RedisEpochs(Options(redis), topology, events, () => known, _ => { });
        await redis.CommandAsync("HSET", Hash, "n:two", "8");

        await epochs.KeepUpAsync();

        Assert.Equal("7", (await redis.CommandAsync("HGET", Hash, "n:one")).Text);
    }

    private static RedisOptions Options(RedisServer redis) => new()
    {
        Servers = [RedisAddress.TryParse(redis.Address, out var address) ? address : default],
    };

    private static async Task<RedisTopology> ConnectAsync(RedisServer redis)
    {
        var topology = new RedisTopology(Options(redis), TimeProvider.System);
        await topology.RefreshAsync();
        return topology;
    }
}
