using PrefixCache.Core.Tiers.Redis;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.TestRedis.Servers;

namespace PrefixCache.IntegrationTests.Redis;

/// <summary>What is cleared stays gone, on every node, whatever becomes of what Redis was told.</summary>
public sealed class ClearedElsewhereTests
{
    private const string Epochs = "prefixcache:epochs";

    [Fact]
    public async Task Clears_AtTheSameTime_AreAllTold()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var fleet = new RedisFleet(redis.Address);
        var (first, second) = (await fleet.StartAsync(), await fleet.StartAsync());
        var prompt = fleet.FreshPrompt();
        var salts = Enumerable.Range(0, 24).Select(number => $"salt-{number}").ToList();
        foreach (var salt in salts)
        {
            await first.StoreAsync(prompt, salt: salt);
            Assert.Equal(prompt.Length, await second.ReuseAsync(prompt, salt: salt));
        }

        await Task.WhenAll(salts.Select(salt => first.Client.ClearNamespaceAsync(RedisFleet.Layout, salt)));

        await Until.TrueAsync(
            async () => (await redis.CommandAsync("HLEN", Epochs)).Number == salts.Count, () => "Not every clear is in Redis.");
        foreach (var salt in salts)
            await Until.TrueAsync(async () => await second.ReuseAsync(prompt, salt: salt) == 0, () => $"{salt} is not cleared.");
    }

    [Fact]
    public async Task Epochs_ThatRedisLostBeforeItWasToldOfAnother_AreAllToldAgain()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var fleet = new RedisFleet(redis.Address);
        var first = await fleet.StartAsync();
        foreach (var salt in (string[])["one", "two", "three"]) await first.Client.ClearNamespaceAsync(RedisFleet.Layout, salt);
        await HasAsync(redis, 3);

        await redis.CommandAsync("DEL", Epochs);
        await first.Client.ClearNamespaceAsync(RedisFleet.Layout, "four");

        await HasAsync(redis, 4);
    }

    [Fact]
    public async Task ANode_ThatMayNotListen_DoesNotUseRedis_AndSaysWhy()
    {
        await using var redis = await RedisServer.StartAsync(new RedisServerOptions { User = "cache", Password = "secret" });
        await redis.CommandAsync("ACL", "SETUSER", "deaf", "on", ">secret", "~*", "resetchannels", "+@all");
        var options = new RedisOptions
        {
            Servers = [RedisAddress.TryParse(redis.Address, out var address) ? address : default],
            User = "deaf",
            Password = "secret",
        };
        await using var node = await RunningNode.StartAsync(RunningNode.Options(64 << 20) with { Redis = options });
        var status = node.Node.Redis!;
        await Until.TrueAsync(
            () => status.State == RedisState.Away && status.Cause.Contains("NOPERM", StringComparison.Ordinal),
            () => $"{status.State}: {status.Cause}");
    }

    private static Task HasAsync(RedisServer redis, int epochs) => Until.TrueAsync(
        async () => (await redis.CommandAsync("HLEN", Epochs)).Number == epochs, () => $"Redis has not {epochs} epochs.");
}
