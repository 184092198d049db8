using System.Diagnostics;
using PrefixCache.Client;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.TestRedis.Servers;

namespace PrefixCache.IntegrationTests.Redis;

/// <summary>A node that may open no more sockets cannot read from Redis: it has a miss, and never what it did not read.</summary>
public sealed class NoDescriptorsTests
{
    [Fact]
    public async Task Load_WithoutAConnectionForIt_IsAMiss()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var fleet = new RedisFleet(redis.Address);
        var writer = await fleet.StartAsync();
        var prompt = fleet.FreshPrompt();
        await writer.StoreAsync(prompt);
        await using var node = await ServeProcess.StartAsync("--redis", redis.Address, "--redis-lookup-budget", "2s");
        await using var client = await PrefixCacheClient.ConnectAsync(
            new PrefixCacheClientOptions { Address = node.Address, InstanceId = "reader" },
            cancellationToken: TestContext.Current.CancellationToken);
        await client.RegisterLayoutAsync(RedisFleet.Layout, TestContext.Current.CancellationToken);

        // Its calls are connected, and the pipeline to Redis is; connections for payload are not yet.
        await HitAsync(client, fleet.FreshPrompt());
        await LimitAsync(node.Id, Directory.GetFiles($"/proc/{node.Id}/fd").Length);
        Assert.Equal(0, await HitAsync(client, prompt));
    }

    private static async Task<int> HitAsync(PrefixCacheClient client, int[] prompt)
    {
        await using var reservation = await client.LookupAsync(
            RedisFleet.Layout, prompt, new LookupOptions { Wait = TimeSpan.FromSeconds(2) });
        var hit = reservation.HitTokens;
        var memory = new byte[RedisFleet.Layout.Shapes[0].PayloadBytes(prompt.Length)];
        if (hit > 0) await reservation.RetrieveAsync(TestKv.Memory(RedisFleet.Layout, memory, prompt.Length));
        return hit;
    }

    private static async Task LimitAsync(int process, int descriptors)
    {
        using var limiter = Process.Start("prlimit", ["--pid", $"{process}", $"--nofile={descriptors}:"]);
        await limiter.WaitForExitAsync();
        Assert.Equal(0, limiter.ExitCode);
    }
}
