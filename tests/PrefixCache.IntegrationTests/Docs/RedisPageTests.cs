using System.Buffers.Binary;
using System.Diagnostics;
using System.Text.RegularExpressions;
using PrefixCache.Client;
using PrefixCache.Format.Hashing;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.IntegrationTests.Redis;
using PrefixCache.TestRedis.Servers;

namespace PrefixCache.IntegrationTests.Docs;

/// <summary>What docs/redis.md shows is what lies in Redis, what it may be set to, and all that nodes need the right to.</summary>
public sealed partial class RedisPageTests
{
    private const string Password = "password-of-the-page";

    private static string Page => Repository.Read("docs/redis.md");

    [Fact]
    public async Task Commands_OfThePage_ShowWhatANodeHasStored()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var fleet = new RedisFleet(redis.Address);
        var node = await fleet.StartAsync();
        await node.StoreAsync(fleet.FreshPrompt());
        await Until.TrueAsync(
            async () => (await redis.CommandAsync("PUBSUB", "NUMSUB", "prefixcache:events")).Items![1].Number == 1,
            () => "The node does not listen.");
        var answers = new List<string>();
        foreach (Match command in Command().Matches(Page)) answers.Add(await ShellAsync(command.Value, redis.Port));
        Assert.Equal(9, answers.Count);
        Assert.Equal("4", answers[0].Trim());
        Assert.Equal(3, PartKey().Count(answers[1]));
        Assert.InRange(long.Parse(answers[2]), 86_000_000, 86_400_000);
        Assert.StartsWith("0000000 50 43 4d 31 40 00 00 00", answers[3], StringComparison.Ordinal);
        Assert.Equal("32768", answers[4].Trim());
        Assert.Equal("1", answers[5].Trim());
        Assert.Equal("prefixcache:events\n1", answers[6].Trim());
        Assert.Equal("0", answers[7].Trim());
        Assert.Contains("maxmemory_policy:", answers[8], StringComparison.Ordinal);
        await ShellAsync(Removal().Match(Page).Value, redis.Port);
        Assert.Empty((await redis.CommandAsync("KEYS", "prefixcache:{*}:[mpc]*")).Texts);
    }

    [Fact]
    public async Task Manifest_InRedis_IsAsThePageSays()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var fleet = new RedisFleet(redis.Address);
        var node = await fleet.StartAsync();
        await node.StoreAsync(fleet.FreshPrompt());
        var key = (await RedisFleet.ManifestsAsync(redis))[0];
        var manifest = (await redis.CommandAsync("GET", key)).Bytes!;
        var segments = RedisFleet.Layout.Shapes[0].Segments;
        Assert.Equal(32 + (8 * segments) + 8, manifest.Length);
        Assert.Equal(
            (RedisFleet.ChunkTokens, 128 << 10, 32 << 10, segments),
            (U32(manifest, 4), (int)U64(manifest, 16), U32(manifest, 24), U32(manifest, 28)));
        Assert.Equal(Xxh3.Hash64(manifest.AsSpan(..^8)), U64(manifest, manifest.Length - 8));
        var parts = await RedisFleet.PartsAsync(redis, key);
        Assert.Equal(parts[0], $"{key[..^2]}p0:{U64(manifest, 8):x16}:0");
        var payload = new List<byte>();
        foreach (var part in parts) payload.AddRange((await redis.CommandAsync("GET", part)).Bytes!);
        var bytes = payload.Count / segments;
        for (var segment = 0; segment < segments; segment++)
        {
            var hash = Xxh3.Hash64(payload.GetRange(segment * bytes, bytes).ToArray());
            Assert.Equal(hash, U64(manifest, 32 + (8 * segment)));
        }
    }

    /// <summary>All that nodes do is done, as the page's user, with the page's settings; the server notes what it refuses.</summary>
    [Fact]
    public async Task Rights_OfThePage_AreEnough()
    {
        var settings = Settings().Match(Page).Groups[1].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(7, settings.Length);
        await using var redis = await RedisServer.StartAsync(new RedisServerOptions { Settings = settings });
        var rule = Rule().Match(Page).Value.Replace("PASSWORD", Password, StringComparison.Ordinal);
        Assert.Equal("OK", (await redis.CommandAsync(rule.Split(' '))).Text);
        await using (var fleet = new RedisFleet(redis.Address, options => options with { User = "prefixcache", Password = Password }))
        {
            var (first, second) = (await fleet.StartAsync(), await fleet.StartAsync());
            var prompt = fleet.FreshPrompt();
            await first.StoreAsync(prompt);
            await second.StoreAsync([.. prompt, .. fleet.FreshPrompt()]);
            Assert.Equal(prompt.Length, await second.ReuseAsync([.. prompt, .. fleet.FreshPrompt()]));

            // More chunks behind one than are kept by their tokens.
            for (var i = 0; i < 300; i++) await first.StoreAsync(fleet.FreshPrompt()[..RedisFleet.ChunkTokens]);
            var children = (await redis.CommandAsync("KEYS", "prefixcache:{*}:c")).Texts.ToList();
            var counts = await Task.WhenAll(children.Select(key => redis.CommandAsync("ZCARD", key)));
            Assert.InRange(counts.Max(count => count.Number), 200, 256);

            // A claim, renewed, waited for and let go.
            prompt = fleet.FreshPrompt();
            await using (var holder = await first.Client.LookupAsync(RedisFleet.Layout, prompt))
            await using (var waiter = await second.Client.LookupAsync(RedisFleet.Layout, prompt))
            {
                for (var i = 0; i < 2; i++) Assert.Equal(ClaimOutcome.Granted, (await holder.ClaimAsync()).Outcome);
                await waiter.ClaimAsync();
                await holder.ClaimAsync(letGo: true);
            }

            // A chunk that lost a part, which is deleted; a clear.
            prompt = fleet.FreshPrompt();
            await first.StoreAsync(prompt);
            foreach (var part in await RedisFleet.PartsAsync(redis)) await redis.CommandAsync("DEL", part);
            Assert.Equal(0, await second.ReuseAsync(prompt));
            Assert.True(second.Counters.ChunksDamaged > 0);
            await fleet.AssertRecoveredAsync(first, second);
            await first.Client.ClearNamespaceAsync(RedisFleet.Layout);
            await fleet.AssertRecoveredAsync(second, first);
        }

        Assert.Empty((await redis.CommandAsync("ACL", "LOG")).Items!.Select(entry => string.Join(' ', entry.Texts)));
        Assert.Equal("1", (await redis.CommandAsync("HLEN", "prefixcache:epochs")).Text);
    }

    private static async Task<string> ShellAsync(string command, int port)
    {
        var start = new ProcessStartInfo(
            "/bin/sh", ["-c", command.Replace("redis-cli ", $"redis-cli -p {port} ", StringComparison.Ordinal)])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0 && (await error).Length == 0, $"{command}: {process.ExitCode} {await error}");
        return output;
    }

    private static int U32(byte[] bytes, int offset) => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(offset));

    private static ulong U64(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(offset));

    [GeneratedRegex("^redis-cli .*$", RegexOptions.Multiline)]
    private static partial Regex Command();

    [GeneratedRegex("(?<=`)redis-cli [^`]*unlink(?=`)")]
    private static partial Regex Removal();

    [GeneratedRegex(@"^prefixcache:\{[0-9a-f]{64}\}:p0:[0-9a-f]{16}:\d$", RegexOptions.Multiline)]
    private static partial Regex PartKey();

    [GeneratedRegex(@"## Settings\n\n```\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Settings();

    [GeneratedRegex("^ACL SETUSER .*$", RegexOptions.Multiline)]
    private static partial Regex Rule();
}
