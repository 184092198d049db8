using System.Text;
using PrefixCache.TestRedis.Servers;

namespace PrefixCache.IntegrationTests.Redis;

/// <summary>What lies in Redis is not what was written: a miss, deleted, and written anew by who computes it.</summary>
public sealed class DamageTests
{
    public enum Damage
    {
        PartDeleted,
        PartsDeleted,
        PartFlipped,
        PartTooShort,
        PartTooLong,
        PartEmpty,
        ManifestFlipped,
        ManifestTooShort,
        ManifestEmpty,
    }

    public static TheoryData<Damage> All => [.. Enum.GetValues<Damage>()];

    [Theory]
    [MemberData(nameof(All))]
    public async Task Load_OfADamagedChunk_IsAMissUntilItIsWrittenAnew(Damage damage)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var fleet = new RedisFleet(redis.Address);
        var (first, second, third) = (await fleet.StartAsync(), await fleet.StartAsync(), await fleet.StartAsync());
        var prompt = fleet.FreshPrompt();
        await first.StoreAsync(prompt);
        var manifests = await RedisFleet.ManifestsAsync(redis);
        Assert.Equal(4, manifests.Count);
        await ApplyAsync(redis, manifests[1], damage);

        Assert.InRange(await second.ReuseAsync(prompt), 0, prompt.Length - RedisFleet.ChunkTokens);
        if (damage < Damage.ManifestFlipped) Assert.Equal(1, second.Counters.ChunksDamaged);
        await second.StoreAsync(prompt);
        Assert.Equal(prompt.Length, await third.ReuseAsync(prompt));
        Assert.Equal(0, third.Counters.ChunksDamaged);
    }

    private static async Task ApplyAsync(RedisServer redis, string manifest, Damage damage)
    {
        var parts = await RedisFleet.PartsAsync(redis, manifest);
        Assert.Equal(4, parts.Count);
        var last = parts[^1];
        string[] command = damage switch
        {
            Damage.PartDeleted => ["DEL", last],
            Damage.PartsDeleted => ["DEL", .. parts],
            Damage.PartFlipped => ["SETRANGE", last, "1000", await FlippedAsync(redis, last, 1000)],
            Damage.PartTooShort => ["SET", last, (await redis.CommandAsync("GET", last)).Text[1..], "KEEPTTL"],
            Damage.PartTooLong => ["APPEND", last, "x"],
            Damage.PartEmpty => ["SET", last, "", "KEEPTTL"],
            Damage.ManifestFlipped => ["SETRANGE", manifest, "40", await FlippedAsync(redis, manifest, 40)],
            Damage.ManifestTooShort => ["SET", manifest, (await redis.CommandAsync("GET", manifest)).Text[..^1], "KEEPTTL"],
            _ => ["SET", manifest, "", "KEEPTTL"],
        };
        await redis.CommandAsync(command);
    }

    private static async Task<string> FlippedAsync(RedisServer redis, string key, int at)
    {
        var value = (await redis.CommandAsync("GET", key)).Bytes!;
        return Encoding.Latin1.GetString([(byte)(value[at] ^ 4)]);
    }
}
