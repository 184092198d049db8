using System.Diagnostics;
using PrefixCache.Client;
using PrefixCache.Core.Tiers.Redis;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.TestRedis.Network;
using PrefixCache.TestRedis.Servers;

namespace PrefixCache.IntegrationTests.Redis;

/// <summary>The way to Redis is cut, long or narrow.</summary>
public sealed class BadLinkTests
{
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(2);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1_000)]
    [InlineData(50_000)]
    [InlineData(200_000)]
    public async Task Connection_CutWhileAPartIsRead_IsAMissAndTheNextTimeAHit(int bytes)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var way = new SlowProxy(redis.Port);
        await using var fleet = new RedisFleet(redis.Address);
        var (first, second) = (await fleet.StartAsync(), await fleet.StartAsync(way: way.Address));
        var prompt = fleet.FreshPrompt();
        await first.StoreAsync(prompt);
        way.ToClient.CutAfter(bytes);
        Assert.InRange(await second.ReuseAsync(prompt), 0, prompt.Length - RedisFleet.ChunkTokens);
        await Until.TrueAsync(async () => await second.ReuseAsync(prompt) == prompt.Length, () => "It is not loaded.");
        Assert.Equal(0, second.Counters.ChunksDamaged);
        await fleet.AssertRecoveredAsync(first, second);
    }

    [Theory]
    [InlineData(20_000)]
    [InlineData(50_000)]
    [InlineData(200_000)]
    public async Task Connection_CutWhileAPartIsWritten_LeavesNothingThatIsSeen(int bytes)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var way = new SlowProxy(redis.Port);
        await using var fleet = new RedisFleet(redis.Address);
        var (first, second) = (await fleet.StartAsync(way: way.Address), await fleet.StartAsync());
        var prompt = fleet.FreshPrompt();
        way.ToServer.CutAfter(bytes);
        await first.StoreAsync(prompt);
        Assert.True(first.Counters.DroppedWrites(RedisDrop.Failed) > 0);
        await AssertUnseenPartsExpireAsync(redis);
        Assert.InRange(await second.ReuseAsync(prompt), 0, prompt.Length - RedisFleet.ChunkTokens);

        // Whoever has it still writes it when it is used again.
        await Until.TrueAsync(
            async () =>
            {
                Assert.Equal(prompt.Length, await first.ReuseAsync(prompt));
                return await second.ReuseAsync(prompt) == prompt.Length;
            },
            () => "It was not written again.");
        await fleet.AssertRecoveredAsync(first, second);
    }

    [Fact]
    public async Task Answers_OfASlowRedis_AreNotWaitedForBeyondTheBudget()
    {
        var budget = TimeSpan.FromMilliseconds(100);
        await using var redis = await RedisServer.StartAsync();
        await using var way = new SlowProxy(redis.Port);
        await using var fleet = new RedisFleet(redis.Address);
        var first = await fleet.StartAsync();
        var second = await fleet.StartAsync(way: way.Address, redisOptions: options => options with { LookupBudget = budget });
        var prompt = fleet.FreshPrompt();
        await first.StoreAsync(prompt);
        way.ToClient.Delay = TimeSpan.FromMilliseconds(200);
        for (var i = 0; i < 3; i++)
        {
            var started = Stopwatch.GetTimestamp();
            await second.ReuseAsync(fleet.FreshPrompt(), wait: TimeSpan.Zero);
            Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, budget + Slack);
        }

        Assert.Equal(RedisState.Away, second.Redis.State);
        Assert.InRange(second.Counters.LookupsLate, 1, 3);
        Assert.Equal(0, await second.ReuseAsync(prompt, wait: TimeSpan.Zero));
        way.ToClient.Delay = TimeSpan.Zero;
        await fleet.AssertRecoveredAsync(first, second);
        Assert.Equal(prompt.Length, await second.ReuseAsync(prompt));
    }

    [Fact]
    public async Task Loads_OverANarrowWay_ArePendingAndPollsDoNotWait()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var way = new SlowProxy(redis.Port);
        await using var fleet = new RedisFleet(redis.Address);
        var (first, second) = (await fleet.StartAsync(), await fleet.StartAsync(way: way.Address));
        var prompt = TestKv.Tokens(16 * RedisFleet.ChunkTokens, 5);
        await first.StoreAsync(prompt);

        // 2 MiB take at least two seconds.
        way.ToClient.BytesPerSecond = 1 << 20;
        var options = new LookupOptions { RequestId = "poll" };
        var (polls, longest) = (0, TimeSpan.Zero);
        while (true)
        {
            var started = Stopwatch.GetTimestamp();
            var reservation = await second.Client.LookupAsync(RedisFleet.Layout, prompt, options, Token);
            var elapsed = Stopwatch.GetElapsedTime(started);
            longest = elapsed > longest ? elapsed : longest;
            if (reservation.HitTokens == prompt.Length)
            {
                await reservation.DisposeAsync();
                break;
            }

            Assert.Equal(prompt.Length, reservation.PendingTokens);
            polls++;
            await Task.Delay(20, Token);
        }

        Assert.True(polls > 5, $"{polls} polls came before all was loaded.");
        Assert.InRange(longest, TimeSpan.Zero, TimeSpan.FromSeconds(1.5));
        Assert.Equal(prompt.Length, await second.ReuseAsync(prompt));
        way.ToClient.BytesPerSecond = long.MaxValue;
        await fleet.AssertRecoveredAsync(first, second);
    }

    /// <summary>Parts that no manifest names are gone within two minutes.</summary>
    private static async Task AssertUnseenPartsExpireAsync(RedisServer redis)
    {
        var manifests = await RedisFleet.ManifestsAsync(redis);
        await using var client = await redis.ConnectAsync();
        foreach (var part in await RedisFleet.PartsAsync(redis))
        {
            var left = await RedisFleet.TimeLeftAsync(client, part);
            if (!manifests.Contains($"{part[..(part.IndexOf('}') + 1)]}:m0")) Assert.InRange(left, 1, 120_000);
        }
    }
}
