using PrefixCache.Client;
using PrefixCache.Core.Tiers.Redis;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.TestRedis.Servers;

namespace PrefixCache.IntegrationTests.Planning;

/// <summary>What the node fetches from Redis, and what it leaves there.</summary>
public sealed class RedisLoadTests
{
    private const int Prompt = 900;

    private readonly Format.Layouts.KvLayout _layout = TestKv.Layout(chunkTokens: 256);
    private readonly int[] _tokens = TestKv.Tokens(Prompt);

    [Fact]
    public async Task Lookup_ComputingIsFaster_LeavesRedisAloneUnlessAskedToLoad()
    {
        await using var redis = await FillAsync();
        await using var node = await StartAsync(redis);
        var reader = await ConnectAsync(node);
        await ComputeFastAsync(reader);
        await using (var compute = await AskAsync(reader, LoadMode.NodeDefault))
        {
            var decision = Assert.Single(compute.Decisions);
            Assert.Equal((CacheTier.Redis, 0, Prompt, false, LoadReason.Estimate),
                (decision.Tier, decision.FirstToken, decision.EndToken, decision.Load, decision.Reason));
            Assert.True(decision.LoadTime > decision.ComputeTime);
            Assert.Equal((0, 0), (compute.HitTokens, compute.PendingTokens));
        }

        await using (var never = await AskAsync(reader, LoadMode.Never)) Assert.Empty(never.Decisions);
        Assert.Equal(0, node.Node.Redis!.Counters.ChunksLoaded);

        await using var always = await AskAsync(reader, LoadMode.Always);
        Assert.Equal((Prompt, Prompt), (always.HitTokens, always.LoadTokens));
        Assert.Equal([CacheTier.Host, CacheTier.Redis], always.Decisions.Select(decision => decision.Tier));
        Assert.All(always.Decisions, decision => Assert.Equal((true, LoadReason.Mode), (decision.Load, decision.Reason)));
    }

    [Fact]
    public async Task Lookup_HostPartEndsWithinAChunk_LeavesThatChunkInRedisToo()
    {
        const int Own = 600;
        await using var redis = await FillAsync();
        await using var node = await StartAsync(redis);
        var reader = await ConnectAsync(node);
        await using (var own = await reader.LookupAsync(_layout, _tokens.AsMemory(0, Own), new LookupOptions { LoadMode = LoadMode.Never }))
            await own.StoreAsync(TestKv.Memory(_layout, TestKv.Compute(_layout, _tokens.AsSpan(0, Own)), Own));
        await ComputeFastAsync(reader);
        await using var compute = await AskAsync(reader, LoadMode.NodeDefault);
        Assert.Contains(compute.Decisions,
            decision => decision is { Tier: CacheTier.Redis, FirstToken: Own, EndToken: Prompt, Load: false });
        Assert.Equal((Own, Own), (compute.HitTokens, compute.PendingTokens));
        Assert.Equal(0, node.Node.Redis!.Counters.ChunksLoaded);
    }

    [Fact]
    public async Task Acquire_ComputingIsFasterThanRedis_OneComputesAndOthersMayWait()
    {
        await using var redis = await FillAsync();
        await using var node = await StartAsync(redis);
        var (one, other) = (await ConnectAsync(node), await ConnectAsync(node));
        await ComputeFastAsync(one);
        await using var claimed = await one.AcquireAsync(_layout, _tokens);
        Assert.Equal((0, 0), (claimed.HitTokens, claimed.PendingTokens));
        await using var second = await other.LookupAsync(_layout, _tokens);
        Assert.Equal((0, Prompt), (second.HitTokens, second.PendingTokens));
        await claimed.StoreAsync(TestKv.Memory(_layout, TestKv.Compute(_layout, _tokens), Prompt));
        await using var third = await other.AcquireAsync(_layout, _tokens);
        Assert.Equal(Prompt, third.HitTokens);
    }

    /// <summary>A Redis with the prompt.</summary>
    private async Task<RedisServer> FillAsync()
    {
        var redis = await RedisServer.StartAsync();
        await using var writer = await StartAsync(redis);
        var client = await ConnectAsync(writer);
        await using (var cold = await client.LookupAsync(_layout, _tokens))
            await cold.StoreAsync(TestKv.Memory(_layout, TestKv.Compute(_layout, _tokens), Prompt));
        await Until.TrueAsync(() => writer.Node.Redis!.Counters.ChunksWritten == 4, () => "The chunks were not written.");
        return redis;
    }

    /// <summary>0.1 µs a token: nothing loads as fast.</summary>
    private async Task ComputeFastAsync(PrefixCacheClient client)
    {
        await using var other = await client.LookupAsync(_layout, TestKv.Tokens(1000, seed: 5));
        await other.ReleaseAsync(new UsageReport { ComputedTokens = 1000, ComputeTime = TimeSpan.FromMicroseconds(100) });
    }

    private static async Task<RunningNode> StartAsync(RedisServer redis)
    {
        Assert.True(RedisAddress.TryParse(redis.Address, out var address));
        var node = await RunningNode.StartAsync(RunningNode.Options() with
        {
            Redis = new RedisOptions { Servers = [address], Write = RedisWritePolicy.Through, LookupBudget = TimeSpan.FromSeconds(2) },
        });
        await node.Node.Redis!.FirstAttempt;
        return node;
    }

    private async Task<PrefixCacheClient> ConnectAsync(RunningNode node)
    {
        var client = await node.ConnectAsync();
        await client.RegisterLayoutAsync(_layout);
        return client;
    }

    private ValueTask<PrefixReservation> AskAsync(PrefixCacheClient client, LoadMode mode) =>
        client.LookupAsync(_layout, _tokens, new LookupOptions { LoadMode = mode, Wait = TimeSpan.FromSeconds(20) });
}
