using PrefixCache.Client;
using PrefixCache.Core.Tiers.Redis;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.TestRedis.Servers;

namespace PrefixCache.IntegrationTests.Redis;

/// <summary>Much at once, and little room: a Redis that is well stays in use, and the host tier goes on taking chunks.</summary>
public sealed class CrowdedNodeTests
{
    private const int ChunkBytes = 128 << 10;

    [Fact]
    public async Task Claims_OfManyPositions_LeaveRedisInUse()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var fleet = new RedisFleet(redis.Address);
        var node = await fleet.StartAsync();
        var prompts = Enumerable.Range(0, 4).Select(seed => TestKv.Tokens(1000 * RedisFleet.ChunkTokens, seed)).ToList();
        var reservations = new List<PrefixReservation>();
        foreach (var prompt in prompts) reservations.Add(await node.Client.LookupAsync(RedisFleet.Layout, prompt));

        var claims = await Task.WhenAll(reservations.Select(reservation => reservation.ClaimAsync(letGo: false).AsTask()));

        Assert.All(claims, claim => Assert.Equal(ClaimOutcome.Granted, claim.Outcome));
        foreach (var reservation in reservations) await reservation.DisposeAsync();
        await Until.TrueAsync(
            async () => !(await redis.CommandAsync("KEYS", "prefixcache:{*}:l")).Texts.Any(), () => "Keys of claims are left.");
        Assert.Equal(0, node.Redis.Interruptions);
    }

    [Fact]
    public async Task Store_IntoAnArenaOfOneLongPrompt_IsTaken_ThoughItIsRescued()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var fleet = new RedisFleet(redis.Address, options => options with { Write = RedisWritePolicy.OnEvict });
        var node = await fleet.StartAsync(capacity: 64 * ChunkBytes);
        await node.StoreAsync(TestKv.Tokens(62 * RedisFleet.ChunkTokens, 1), isWritten: false);
        var prompt = TestKv.Tokens(24 * RedisFleet.ChunkTokens, 2);
        await using var reservation = await node.Client.LookupAsync(RedisFleet.Layout, prompt);

        var stored = await reservation.StoreAsync(
            TestKv.Memory(RedisFleet.Layout, FleetKv.Compute(RedisFleet.Layout, prompt, 0), prompt.Length));

        Assert.Equal(24, stored.Committed);
    }

    [Fact]
    public async Task Chunk_ThatWasEvictedEverywhere_IsWrittenAgain_WhenItIsComputedAgain()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var fleet = new RedisFleet(redis.Address);
        var (node, other) = (await fleet.StartAsync(capacity: 16 * ChunkBytes), await fleet.StartAsync());
        var prompt = fleet.FreshPrompt();
        await node.StoreAsync(prompt);
        for (var i = 0; i < 5; i++) await node.StoreAsync(fleet.FreshPrompt());
        foreach (var key in (await redis.CommandAsync("KEYS", "prefixcache:{*}:*")).Texts) await redis.CommandAsync("DEL", key);
        Assert.Equal(0, await node.ReuseAsync(prompt));

        await node.StoreAsync(prompt, isWritten: false);

        await Until.TrueAsync(async () => await other.ReuseAsync(prompt) == prompt.Length, () => "It was not written again.");
    }

    [Fact]
    public async Task ANode_ThatNamesRedisByAHostName_WritesAndLoads()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var fleet = new RedisFleet(redis.Address.Replace("127.0.0.1", "localhost", StringComparison.Ordinal));
        var (first, second) = (await fleet.StartAsync(), await fleet.StartAsync());
        var prompt = fleet.FreshPrompt();
        await first.StoreAsync(prompt);
        Assert.Equal(prompt.Length, await second.ReuseAsync(prompt));
        Assert.Equal((0, 0), (first.Counters.Errors, second.Counters.Errors));
    }
}
