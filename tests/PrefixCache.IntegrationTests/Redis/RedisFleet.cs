using PrefixCache.Client;
using PrefixCache.Core.Tiers.Redis;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.Server.Options;
using PrefixCache.TestRedis.Commands;
using PrefixCache.TestRedis.Servers;
using KvLayout = PrefixCache.Format.Layouts.KvLayout;

namespace PrefixCache.IntegrationTests.Redis;

/// <summary>Nodes of one Redis, each with a client that turns failures into misses, as engines have.</summary>
/// <remarks>Disposing fails the test where a call of a client failed: whatever Redis does, requests go on.</remarks>
/// <param name="redis">`host:port` of the servers, separated by commas; nodes may be started with another way to them.</param>
/// <param name="change">The Redis options of every node.</param>
internal sealed class RedisFleet(string redis, Func<RedisOptions, RedisOptions>? change = null) : IAsyncDisposable
{
    public const int ChunkTokens = 64;

    private readonly List<FleetNode> _nodes = [];
    private readonly EventLog _events = new();
    private int _seed = 1_000_000;

    /// <summary>128 KiB a chunk: four parts.</summary>
    public static KvLayout Layout { get; } = TestKv.Layout(chunkTokens: ChunkTokens);

    /// <summary>Four chunks that no test asked for before.</summary>
    public int[] FreshPrompt() => TestKv.Tokens(4 * ChunkTokens, Interlocked.Increment(ref _seed));

    /// <summary>Starts a node and waits until it uses Redis.</summary>
    public async Task<FleetNode> StartAsync(long capacity = 64 << 20, string? way = null,
        Func<RedisOptions, RedisOptions>? redisOptions = null, Func<PrefixCacheNodeOptions, PrefixCacheNodeOptions>? nodeOptions = null,
        string token = "")
    {
        var servers = (way ?? redis).Split(',').Select(text => RedisAddress.TryParse(text, out var address) ? address : default);
        var options = new RedisOptions { Servers = [.. servers], LookupBudget = TimeSpan.FromSeconds(2), PartBytes = 32 << 10 };
        if (change is not null) options = change(options);
        if (redisOptions is not null) options = redisOptions(options);
        var all = RunningNode.Options(capacity) with { Redis = options };
        var node = await RunningNode.StartAsync(nodeOptions is null ? all : nodeOptions(all));
        var client = await ConnectAsync(node, token);
        var member = new FleetNode(node, client, this);
        _nodes.Add(member);
        await member.WaitUntilAsync(RedisState.Available);
        return member;
    }

    public async Task<PrefixCacheClient> ConnectAsync(RunningNode node, string token = "")
    {
        var client = await node.ConnectAsync(
            options => options with { Strict = false, CallTimeout = TimeSpan.FromSeconds(10), Token = token });
        client.Changed += _events.Add;
        await client.RegisterLayoutAsync(Layout);
        return client;
    }

    /// <summary>Redis is used again by both, and what the one stores from now on the other has.</summary>
    public async Task AssertRecoveredAsync(FleetNode first, FleetNode second) => await Until.TrueAsync(
        async () =>
        {
            await first.WaitUntilAsync(RedisState.Available);
            await second.WaitUntilAsync(RedisState.Available);
            var prompt = FreshPrompt();
            await first.StoreAsync(prompt);
            return await second.ReuseAsync(prompt) == prompt.Length;
        },
        () => $"What one node stores the other does not find: {first.Redis.State}, {second.Redis.State} {second.Redis.Cause}");

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes) await node.Node.DisposeAsync();
        _events.AssertNone(ClientEventKind.CallFailed);
    }

    /// <summary>The keys of manifests.</summary>
    public static async Task<List<string>> ManifestsAsync(RedisServer server) =>
        [.. (await server.CommandAsync("KEYS", "prefixcache:{*}:m*")).Texts];

    /// <summary>The keys of the parts of one chunk, given its manifest's, or of all chunks.</summary>
    public static async Task<List<string>> PartsAsync(RedisServer server, string? manifest = null)
    {
        var start = manifest is null ? "prefixcache:{*}:" : manifest[..(manifest.LastIndexOf(':') + 1)];
        return [.. (await server.CommandAsync("KEYS", $"{start}p*")).Texts.Order(StringComparer.Ordinal)];
    }

    /// <summary>Milliseconds that a key has left; below 0 = it has no end, or is gone.</summary>
    public static async Task<long> TimeLeftAsync(RedisClient client, string key) => (await client.CommandAsync("PTTL", key)).Number;
}
