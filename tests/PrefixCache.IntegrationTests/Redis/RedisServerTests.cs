using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Authentication;
using PrefixCache.TestRedis.Commands;
using PrefixCache.TestRedis.Servers;

namespace PrefixCache.IntegrationTests.Redis;

/// <summary>The servers that other tests rely on do what their names say.</summary>
public sealed class RedisServerTests
{
    [Fact]
    public async Task Restart_AfterKill_ServesOnTheSamePortAndIsEmpty()
    {
        await using var redis = await RedisServer.StartAsync();
        await redis.CommandAsync("SET", "key", "value");
        var process = redis.ProcessId;
        redis.Kill();
        Assert.False(redis.IsRunning);
        Assert.False(Directory.Exists($"/proc/{process}"));
        await Assert.ThrowsAsync<SocketException>(() => redis.CommandAsync("PING"));

        var port = redis.Port;
        await redis.RestartAsync();
        Assert.Equal(port, redis.Port);
        Assert.True((await redis.CommandAsync("GET", "key")).IsNull);
    }

    [Fact]
    public async Task Pause_ThenResume_HoldsAnswersBack()
    {
        await using var redis = await RedisServer.StartAsync();
        redis.Pause();
        var answer = redis.CommandAsync("PING");
        await Task.Delay(TimeSpan.FromMilliseconds(200), TestContext.Current.CancellationToken);
        Assert.False(answer.IsCompleted);
        redis.Resume();
        Assert.Equal("PONG", (await answer).Text);
    }

    [Fact]
    public async Task Dispose_OfAPausedServer_EndsIt()
    {
        var redis = await RedisServer.StartAsync();
        redis.Pause();
        var process = redis.ProcessId;
        await redis.DisposeAsync();
        Assert.False(Directory.Exists($"/proc/{process}"));
    }

    [Fact]
    public async Task MaxMemory_Full_RefusesWrites()
    {
        await using var redis = await RedisServer.StartAsync(new RedisServerOptions { MaxMemoryBytes = 8 << 20 });
        var megabyte = new string('x', 1 << 20);
        var error = await Assert.ThrowsAsync<RedisErrorException>(async () =>
        {
            for (var i = 0; i < 10; i++) await redis.CommandAsync("SET", $"key{i}", megabyte);
        });
        Assert.Equal("OOM", error.Code);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("alice")]
    public async Task Password_MissingOrRight_IsRefusedOrAccepted(string? user)
    {
        var options = new RedisServerOptions { User = user, Password = "secret word" };
        await using var redis = await RedisServer.StartAsync(options);
        Assert.Equal("PONG", (await redis.CommandAsync("PING")).Text);
        await using var stranger = await RedisClient.ConnectAsync(redis.Port, new RedisServerOptions());
        Assert.Equal("NOAUTH", (await Assert.ThrowsAsync<RedisErrorException>(() => stranger.CommandAsync("PING"))).Code);
        await Assert.ThrowsAsync<RedisErrorException>(() => RedisClient.ConnectAsync(redis.Port, options with { Password = "other" }));
    }

    [Fact]
    public async Task Tls_WithItsAuthorityAndWithAnother_IsAcceptedAndRefused()
    {
        using var certificate = new RedisCertificate();
        using var other = new RedisCertificate();
        await using var redis = await RedisServer.StartAsync(new RedisServerOptions { Tls = certificate });
        Assert.Equal("PONG", (await redis.CommandAsync("PING")).Text);
        await Assert.ThrowsAsync<AuthenticationException>(
            () => RedisClient.ConnectAsync(redis.Port, new RedisServerOptions { Tls = other }));
    }

    [Fact]
    public async Task CommandAsync_BinaryValue_ComesBackAsItWas()
    {
        await using var redis = await RedisServer.StartAsync();
        var every = new string([.. Enumerable.Range(0, 256).Select(value => (char)value)]);
        await redis.CommandAsync("SET", every, every);
        Assert.Equal([every], (await redis.CommandAsync("KEYS", "*")).Texts);
        Assert.Equal(every, (await redis.CommandAsync("GET", every)).Text);
    }

    [Fact]
    public async Task Replica_Promoted_HasWhatTheMasterHadAndAcceptsWrites()
    {
        await using var pair = await RedisWithReplica.StartAsync();
        await pair.Master.CommandAsync("SET", "key", "value");
        await pair.WaitUntilInSyncAsync();
        pair.Master.Kill();
        await pair.PromoteAsync();
        Assert.Equal("value", (await pair.Replica.CommandAsync("GET", "key")).Text);
        await pair.Replica.CommandAsync("SET", "key", "other");
    }

    [Fact]
    public async Task Cluster_MasterKilled_ServesAllSlotsAgainWithinTenSeconds()
    {
        var started = Stopwatch.GetTimestamp();
        await using var cluster = await RedisCluster.StartAsync();
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(10), $"Starting took {Stopwatch.GetElapsedTime(started)}.");
        string[] keys = [.. Enumerable.Range(0, 30).Select(i => $"key{i}")];
        foreach (var key in keys) await cluster.CommandAsync("SET", key, "value");
        Assert.Equal(keys.Order(), (await cluster.KeysAsync()).Order());

        var master = await cluster.MasterOfAsync("key0");
        // A replica that has not got the last writes yet would lose them.
        await master.CommandAsync("WAIT", "1", "5000");
        started = Stopwatch.GetTimestamp();
        master.Kill();
        await cluster.WaitUntilFailedOverAsync(master);
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(10), $"It took {Stopwatch.GetElapsedTime(started)}.");
        Assert.NotEqual(master, await cluster.MasterOfAsync("key0"));
        foreach (var key in keys) Assert.Equal("value", (await cluster.CommandAsync("GET", key)).Text);

        await master.RestartAsync();
        await cluster.WaitUntilServingAsync();
        Assert.Equal("slave", await master.InfoAsync("role"));
    }
}
