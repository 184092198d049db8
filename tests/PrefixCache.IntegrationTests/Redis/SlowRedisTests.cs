using PrefixCache.Client;
using PrefixCache.Core.Tiers.Redis;
using PrefixCache.Format.Layouts;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.TestRedis.Network;
using PrefixCache.TestRedis.Servers;

namespace PrefixCache.IntegrationTests.Redis;

/// <summary>A node whose way to Redis becomes slow, and fast again, as it learns from its own moves.</summary>
public sealed class SlowRedisTests
{
    /// <summary>128 KiB: a few milliseconds where Redis is fast, half a second where it is slow.</summary>
    private const int Prompt = 64;

    private const long SlowBytesPerSecond = 256 << 10;
    private const int Prompts = 220;

    /// <summary>Beyond twice what was expected the first slow load counts as twice, the second in full; one is to spare.</summary>
    private const int LookupsUntilSlow = 5;

    /// <summary>The first fast probe counts as half of what was expected, the second in full; one is to spare.</summary>
    private const int LookupsUntilFast = (3 * 32) + 8;

    private readonly KvLayout _layout = TestKv.Layout();
    private int _next;

    [Fact]
    public async Task Lookup_RedisBecomesSlow_ComputesUntilItIsFastAgain()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = new SlowProxy(redis.Port);
        await using var writer = await RedisNodes.StartAsync(redis.Address);
        await FillAsync(writer);
        await using var node = await RedisNodes.StartAsync(proxy.Address);
        var client = await ConnectAsync(node);
        await ReportComputeAsync(client);
        for (var i = 0; i < 4; i++) await LoadAsync(client);

        proxy.ToClient.BytesPerSecond = SlowBytesPerSecond;
        var lookups = 0;
        while (await TakeAsync(client) is { Load: true })
            Assert.True(++lookups < LookupsUntilSlow, $"Redis is slow, and is loaded from after {lookups} lookups still.");
        await ComputeAsync(node, client);
        await OverrideAsync(node, client);

        proxy.ToClient.BytesPerSecond = long.MaxValue;
        var (probes, isBack) = (0, false);
        for (lookups = 0; lookups < LookupsUntilFast && !isBack; lookups++)
        {
            var decision = await TakeAsync(client);
            if (decision.Reason == LoadReason.Probe) probes++;
            isBack = decision is { Load: true, Reason: LoadReason.Estimate };
        }

        Assert.True(isBack, $"Redis is fast again, and is not loaded from after {lookups} lookups and {probes} probes.");
        Assert.InRange(probes, 1, 3);
        await LoadAsync(client);
        Assert.Equal(RedisState.Available, node.Node.Redis!.State);
    }

    /// <summary>What is slow to load is left alone, and nobody is made to wait for it.</summary>
    private async Task ComputeAsync(RunningNode node, PrefixCacheClient client)
    {
        await RedisNodes.IdleAsync(node);
        var loaded = node.Node.Redis!.Counters.ChunksLoaded;
        for (var i = 0; i < 4; i++)
        {
            await using var reservation = await AskAsync(client);
            var decision = Assert.Single(reservation.Decisions);
            Assert.Equal((CacheTier.Redis, 0, Prompt, false, LoadReason.Estimate),
                (decision.Tier, decision.FirstToken, decision.EndToken, decision.Load, decision.Reason));
            Assert.True(decision.LoadTime > decision.ComputeTime);
            Assert.Equal((0, 0, 0), (reservation.HitTokens, reservation.LoadTokens, reservation.PendingTokens));
        }

        Assert.Equal(loaded, node.Node.Redis.Counters.ChunksLoaded);
    }

    /// <summary>A lookup that says so loads though it is slow, or does not even ask.</summary>
    private async Task OverrideAsync(RunningNode node, PrefixCacheClient client)
    {
        await using (var never = await AskAsync(client, LoadMode.Never))
        {
            Assert.Empty(never.Decisions);
            Assert.Equal((0, 0), (never.HitTokens, never.PendingTokens));
        }

        await using var always = await AskAsync(client, LoadMode.Always);
        Assert.Equal((Prompt, Prompt), (always.HitTokens, always.LoadTokens));
        Assert.All(always.Decisions, decision => Assert.Equal((true, LoadReason.Mode), (decision.Load, decision.Reason)));
    }

    /// <summary>The next prompt comes from Redis, and its bytes are right.</summary>
    private async Task LoadAsync(PrefixCacheClient client)
    {
        var prompt = TestKv.Tokens(Prompt, _next);
        await using var reservation = await AskAsync(client);
        Assert.Equal((Prompt, Prompt), (reservation.HitTokens, reservation.LoadTokens));
        var memory = new byte[_layout.Shapes[0].PayloadBytes(Prompt)];
        await reservation.RetrieveAsync(TestKv.Memory(_layout, memory, Prompt));
        Assert.Equal(TestKv.Compute(_layout, prompt), memory);
    }

    /// <summary>What is decided of Redis's part of the next prompt; where it loads, it has come.</summary>
    private async Task<LoadDecision> TakeAsync(PrefixCacheClient client)
    {
        await using var reservation = await AskAsync(client);
        var decision = Assert.Single(reservation.Decisions, decision => decision.Tier == CacheTier.Redis);
        if (decision.Load) Assert.InRange(reservation.HitTokens, _layout.ChunkTokens, Prompt);
        else Assert.Equal((0, 0), (reservation.HitTokens, reservation.PendingTokens));
        return decision;
    }

    private ValueTask<PrefixReservation> AskAsync(PrefixCacheClient client, LoadMode mode = LoadMode.NodeDefault)
    {
        Assert.True(_next < Prompts, $"More than {Prompts} prompts were asked for.");
        return client.LookupAsync(
            _layout, TestKv.Tokens(Prompt, _next++), new LookupOptions { LoadMode = mode, Wait = TimeSpan.FromSeconds(30) });
    }

    private async Task FillAsync(RunningNode node)
    {
        var client = await ConnectAsync(node);
        for (var seed = 0; seed < Prompts; seed++)
        {
            var prompt = TestKv.Tokens(Prompt, seed);
            await using var cold = await client.LookupAsync(_layout, prompt);
            await cold.StoreAsync(TestKv.Memory(_layout, TestKv.Compute(_layout, prompt), Prompt));
        }

        await Until.TrueAsync(() => node.Node.Redis!.Counters.ChunksWritten == Prompts * 2, () => "The chunks were not written.");
    }

    /// <summary>1 ms a token: many times what loading takes where Redis is fast, an eighth of it where it is slow.</summary>
    private async Task ReportComputeAsync(PrefixCacheClient client)
    {
        await using var other = await client.LookupAsync(_layout, TestKv.Tokens(1000, seed: 5000));
        await other.ReleaseAsync(new UsageReport { ComputedTokens = 1000, ComputeTime = TimeSpan.FromSeconds(1) });
    }

    /// <summary>A client that asks on though the cache costs more than it saves.</summary>
    private async Task<PrefixCacheClient> ConnectAsync(RunningNode node)
    {
        var client = await node.ConnectAsync(options => options with { PauseWhenUseless = false });
        await client.RegisterLayoutAsync(_layout);
        return client;
    }
}
