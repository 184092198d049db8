using System.Diagnostics;
using PrefixCache.Core.Tiers.Redis;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.TestRedis.Servers;

namespace PrefixCache.IntegrationTests.Redis;

/// <summary>Redis is killed, or does not answer: requests go on at once, from the nodes' own memory, until it is back.</summary>
public sealed class OutageTests
{
    private static readonly TimeSpan Budget = TimeSpan.FromMilliseconds(250);

    /// <summary>Of a busy machine.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task Server_KilledAndStartedAgain_CostsNothingButWhatItHeld()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var fleet = new RedisFleet(redis.Address, options => options with { LookupBudget = Budget });
        var (first, second) = (await fleet.StartAsync(), await fleet.StartAsync());
        var (known, lost) = (fleet.FreshPrompt(), fleet.FreshPrompt());
        await first.StoreAsync(known);
        await first.StoreAsync(lost);
        Assert.Equal(known.Length, await second.ReuseAsync(known));

        redis.Kill();
        await GoOnAsync(fleet, first, second, known, lost, TimeSpan.FromSeconds(2));
        Assert.Equal((RedisState.Away, RedisState.Away), (first.Redis.State, second.Redis.State));

        await redis.RestartAsync();
        await fleet.AssertRecoveredAsync(first, second);
        await fleet.AssertRecoveredAsync(second, first);
    }

    [Fact]
    public async Task Server_StartedAgain_TheFirstChunksAreWrittenAndLoaded()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var fleet = new RedisFleet(redis.Address);
        var (first, second) = (await fleet.StartAsync(), await fleet.StartAsync());
        await ShareAsync(fleet, first, second);

        redis.Kill();
        await first.WaitUntilAsync(RedisState.Away);
        await second.WaitUntilAsync(RedisState.Away);
        await redis.RestartAsync();
        await first.WaitUntilAsync(RedisState.Available);
        await second.WaitUntilAsync(RedisState.Available);

        await ShareAsync(fleet, first, second);
        Assert.Equal((1, 1), (first.Redis.Interruptions, second.Redis.Interruptions));
    }

    [Fact]
    public async Task Server_ClosesIdleConnections_NothingIsLost()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var fleet = new RedisFleet(redis.Address);
        var (first, second) = (await fleet.StartAsync(), await fleet.StartAsync());
        await ShareAsync(fleet, first, second);

        // As the server's option timeout does; the pipelines for small commands are asked every five seconds and stay.
        await using (var client = await redis.ConnectAsync())
        {
            foreach (var line in (await client.CommandAsync("CLIENT", "LIST", "TYPE", "normal")).Text.Split('\n'))
            {
                var fields = line.Split(' ').Select(field => field.Split('=', 2)).Where(field => field.Length == 2)
                    .ToDictionary(field => field[0], field => field[1]);
                if (fields.TryGetValue("cmd", out var command) && command is "exec" or "get")
                    await client.CommandAsync("CLIENT", "KILL", "ID", fields["id"]);
            }
        }

        await ShareAsync(fleet, first, second);
        Assert.Equal((0, 0), (first.Redis.Interruptions, second.Redis.Interruptions));
    }

    [Fact]
    public async Task Server_PausedForTwentySeconds_IsLeftAloneAndUsedAgain()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var fleet = new RedisFleet(redis.Address, options => options with { LookupBudget = Budget });
        var (first, second) = (await fleet.StartAsync(), await fleet.StartAsync());
        var (known, lost) = (fleet.FreshPrompt(), fleet.FreshPrompt());
        await first.StoreAsync(known);
        await first.StoreAsync(lost);
        Assert.Equal(known.Length, await second.ReuseAsync(known));

        redis.Pause();
        await GoOnAsync(fleet, first, second, known, lost, TimeSpan.FromSeconds(20));
        Assert.Equal((RedisState.Away, RedisState.Away), (first.Redis.State, second.Redis.State));

        redis.Resume();
        await fleet.AssertRecoveredAsync(first, second);

        // It has kept what it had.
        Assert.Equal(lost.Length, await second.ReuseAsync(lost));
    }

    [Fact]
    public async Task Start_WithoutAServer_ServesAndFindsItLater()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var fleet = new RedisFleet(redis.Address);
        var first = await fleet.StartAsync();
        var prompt = fleet.FreshPrompt();
        await first.StoreAsync(prompt);
        redis.Pause();
        var starting = fleet.StartAsync();
        Assert.Equal(prompt.Length, await first.ReuseAsync(prompt));
        await first.WaitUntilAsync(RedisState.Available);
        await Task.WhenAny(starting, Task.Delay(TimeSpan.FromSeconds(1.5)));
        Assert.False(starting.IsCompleted);
        redis.Resume();
        await fleet.AssertRecoveredAsync(first, await starting);
    }

    [Fact]
    public async Task Stop_WhileAPausedServerOwesALoadAndAWrite_WaitsForTheTimeOutAtMost()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var fleet = new RedisFleet(redis.Address);
        var (first, second) = (await fleet.StartAsync(), await fleet.StartAsync());
        var prompt = TestKv.Tokens(64 * RedisFleet.ChunkTokens, 11);
        await first.StoreAsync(prompt);
        var load = second.ReuseAsync(prompt, wait: TimeSpan.Zero);
        await Until.TrueAsync(() => second.Counters.BytesInFlight > 0 || load.IsCompleted, () => "Nothing is loaded.");
        redis.Pause();
        await load;
        await second.StoreAsync(fleet.FreshPrompt(), isWritten: false);
        await first.StoreAsync(fleet.FreshPrompt(), isWritten: false);
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(first.Node.Node.DisposeAsync().AsTask(), second.Node.Node.DisposeAsync().AsTask());
        var (drain, timeOut) = (RunningNode.Options().DrainGrace, new RedisOptions().TimeOut);
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, drain + (3 * timeOut) + Slack);
    }

    /// <summary>Prompts that the node has, that only Redis has, and new ones, for a while: each answer comes in time.</summary>
    private static async Task GoOnAsync(RedisFleet fleet, FleetNode first, FleetNode second, int[] known, int[] lost, TimeSpan time)
    {
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < time)
        {
            Assert.Equal(known.Length, await InTimeAsync(second.ReuseAsync(known)));
            Assert.Equal(0, await InTimeAsync(second.ReuseAsync(lost, wait: TimeSpan.Zero)));
            var prompt = fleet.FreshPrompt();
            await first.StoreAsync(prompt);
            Assert.Equal(prompt.Length, await InTimeAsync(first.ReuseAsync(prompt)));
            await Task.Delay(TimeSpan.FromMilliseconds(100), TestContext.Current.CancellationToken);
        }
    }

    private static async Task<int> InTimeAsync(Task<int> reuse)
    {
        var started = Stopwatch.GetTimestamp();
        var hit = await reuse;
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, Budget + Slack);
        return hit;
    }

    /// <summary>What the one stores the other finds, at the first attempt.</summary>
    private static async Task ShareAsync(RedisFleet fleet, FleetNode first, FleetNode second)
    {
        var prompt = fleet.FreshPrompt();
        await first.StoreAsync(prompt);
        Assert.Equal(prompt.Length, await second.ReuseAsync(prompt));
    }
}
