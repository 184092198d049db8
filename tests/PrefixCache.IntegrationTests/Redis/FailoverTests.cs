using System.Diagnostics;
using PrefixCache.Core.Tiers.Redis;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.TestRedis.Servers;

namespace PrefixCache.IntegrationTests.Redis;

/// <summary>Another server becomes the master: nodes find it by themselves.</summary>
public sealed class FailoverTests
{
    private static readonly TimeSpan Back = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Master_OfAClusterKilled_IsReplacedWithinTenSeconds()
    {
        await using var cluster = await RedisCluster.StartAsync();
        await using var fleet = new RedisFleet(cluster.Addresses);
        var (first, second) = (await fleet.StartAsync(), await fleet.StartAsync());
        var prompt = TestKv.Tokens(32 * RedisFleet.ChunkTokens, 3);
        await first.StoreAsync(prompt);
        Assert.Equal(32, (await cluster.KeysAsync("prefixcache:{*}:m0")).Count);
        Assert.Equal(prompt.Length, await second.ReuseAsync(prompt));

        var lost = await cluster.MasterOfAsync((await cluster.KeysAsync("prefixcache:{*}:m0"))[0]);
        lost.Kill();
        var killed = Stopwatch.GetTimestamp();
        var failedOver = cluster.WaitUntilFailedOverAsync(lost);
        while (!failedOver.IsCompleted)
        {
            // The half of the cluster that is left need not serve; requests go on.
            await first.StoreAsync(fleet.FreshPrompt());
            Assert.Equal(prompt.Length, await second.ReuseAsync(prompt));
            await Task.WhenAny(failedOver, Task.Delay(100, TestContext.Current.CancellationToken));
        }

        await failedOver;
        var serving = Stopwatch.GetElapsedTime(killed);
        await fleet.AssertRecoveredAsync(first, second);

        // Chunks of all masters. Who did not need the lost one yet learns of it by a miss.
        var another = TestKv.Tokens(32 * RedisFleet.ChunkTokens, 4);
        await Until.TrueAsync(
            async () =>
            {
                await first.StoreAsync(another);
                return await second.ReuseAsync(another) == another.Length;
            },
            () => "Chunks of some master are not found.");
        var recovered = Stopwatch.GetElapsedTime(killed);
        TestContext.Current.SendDiagnosticMessage($"The cluster served after {serving}, the nodes used it after {recovered}.");
        Assert.InRange(recovered, TimeSpan.Zero, serving + Back);
        Assert.InRange(recovered, TimeSpan.Zero, 2 * Back);
    }

    [Fact]
    public async Task Master_OfAClusterSwitchedByHand_IsFollowed()
    {
        await using var cluster = await RedisCluster.StartAsync();
        await using var fleet = new RedisFleet(cluster.Addresses);
        var (first, second) = (await fleet.StartAsync(), await fleet.StartAsync());
        var prompt = TestKv.Tokens(32 * RedisFleet.ChunkTokens, 6);
        await first.StoreAsync(prompt);

        // The fourth server is the first one's replica.
        await cluster.Servers[3].CommandAsync("CLUSTER", "FAILOVER");
        await cluster.WaitUntilFailedOverAsync(cluster.Servers[0]);
        await fleet.AssertRecoveredAsync(first, second);
        await Until.TrueAsync(
            async () => await second.ReuseAsync(prompt) == prompt.Length, () => "Chunks of some master are not found.");
    }

    [Fact]
    public async Task Replica_PromotedAfterItsMastersDeath_IsUsedWithWhatItHas()
    {
        await using var redis = await RedisWithReplica.StartAsync();
        await using var fleet = new RedisFleet($"{redis.Master.Address},{redis.Replica.Address}");
        var (first, second) = (await fleet.StartAsync(), await fleet.StartAsync());
        var prompt = fleet.FreshPrompt();
        await first.StoreAsync(prompt);
        await redis.WaitUntilInSyncAsync();
        redis.Master.Kill();
        await first.StoreAsync(fleet.FreshPrompt());
        await redis.PromoteAsync();
        await fleet.AssertRecoveredAsync(first, second);
        Assert.Equal(prompt.Length, await second.ReuseAsync(prompt));
    }

    /// <summary>Nobody writes meanwhile, so a probe alone can find that the server became a replica.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Master_MadeAReplica_IsLeftForTheNewOne(bool isIdle)
    {
        await using var redis = await RedisWithReplica.StartAsync();
        await using var fleet = new RedisFleet($"{redis.Master.Address},{redis.Replica.Address}");
        var (first, second) = (await fleet.StartAsync(), await fleet.StartAsync());
        var prompt = fleet.FreshPrompt();
        await first.StoreAsync(prompt);
        await redis.WaitUntilInSyncAsync();
        await redis.PromoteAsync();
        await redis.Master.CommandAsync("REPLICAOF", "127.0.0.1", redis.Replica.Port.ToString());
        if (isIdle)
        {
            await Until.TrueAsync(
                () => first.Redis.Interruptions > 0 && second.Redis.Interruptions > 0, () => "No probe has noticed it.");
            await first.WaitUntilAsync(RedisState.Available);
            await second.WaitUntilAsync(RedisState.Available);
        }

        await fleet.AssertRecoveredAsync(first, second);
        Assert.Equal(prompt.Length, await second.ReuseAsync(prompt));
        Assert.NotEqual("0", (await redis.Replica.CommandAsync("DBSIZE")).Text);
    }
}
