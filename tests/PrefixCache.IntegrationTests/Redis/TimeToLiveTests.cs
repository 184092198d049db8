using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.TestRedis.Commands;
using PrefixCache.TestRedis.Servers;

namespace PrefixCache.IntegrationTests.Redis;

/// <summary>Chunks that nobody loads go.</summary>
public sealed class TimeToLiveTests
{
    private const int Milliseconds = 4000;

    [Fact]
    public async Task Chunk_LoadedNowAndThen_StaysAndTheOthersGo()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var client = await redis.ConnectAsync();
        await using var fleet = new RedisFleet(
            redis.Address, options => options with { TimeToLive = TimeSpan.FromMilliseconds(Milliseconds) });
        var first = await fleet.StartAsync();
        var (used, unused) = (fleet.FreshPrompt(), fleet.FreshPrompt());
        await first.StoreAsync(unused);
        var unusedManifests = await RedisFleet.ManifestsAsync(redis);
        await first.StoreAsync(used);
        var keys = await KeysAsync(redis, unusedManifests);
        Assert.Equal(20, keys.Count);
        for (var round = 0; round < 3; round++)
        {
            await UntilAsync(client, keys, left => left is > 0 and < Milliseconds / 2);

            // A new node, for one that has loaded it before has it.
            var reader = await fleet.StartAsync();
            Assert.Equal(used.Length, await reader.ReuseAsync(used));
            await UntilAsync(client, keys, left => left > Milliseconds / 2);
        }

        Assert.Empty((await RedisFleet.ManifestsAsync(redis)).Intersect(unusedManifests));
        Assert.Equal(0, await (await fleet.StartAsync()).ReuseAsync(unused));
        await Until.TrueAsync(
            async () => (await redis.CommandAsync("KEYS", "prefixcache:{*}:?*")).Items!.Count == 0, () => "Something stays for good.");
    }

    /// <summary>Manifests and parts, beside those of some chunks.</summary>
    private static async Task<List<string>> KeysAsync(RedisServer redis, List<string> others)
    {
        var keys = new List<string>();
        foreach (var manifest in (await RedisFleet.ManifestsAsync(redis)).Except(others))
            keys.AddRange([manifest, .. await RedisFleet.PartsAsync(redis, manifest)]);
        return keys;
    }

    private static Task UntilAsync(RedisClient client, List<string> keys, Func<long, bool> holds) => Until.TrueAsync(
        async () =>
        {
            foreach (var key in keys)
                if (!holds(await RedisFleet.TimeLeftAsync(client, key))) return false;
            return true;
        },
        () => "The times that the keys have left are others.");
}
