using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.TestRedis.Servers;
using KvLayout = PrefixCache.Format.Layouts.KvLayout;

namespace PrefixCache.IntegrationTests.Redis;

/// <summary>The same tokens under different tenants, salts and layouts: nobody gets another's bytes from Redis.</summary>
public sealed class NamespaceTests
{
    private static readonly string[] Tenants = ["tenant-a", "tenant-b"];
    private static readonly string[] Salts = ["", "one", "two"];

    /// <summary>Of the same shape.</summary>
    private static readonly KvLayout[] Layouts = [RedisFleet.Layout, TestKv.Layout("2", RedisFleet.ChunkTokens)];

    [Fact]
    public async Task Chunks_OfTheSameTokens_AreEachNamespacesOwn()
    {
        using var folder = new TemporaryFolder();
        var tokens = folder.Write("tokens", string.Join('\n', Tenants.Select(tenant => $"{Token(tenant)} {tenant}")));
        await using var redis = await RedisServer.StartAsync();
        await using var fleet = new RedisFleet(redis.Address);
        var (first, second) = (await StartAsync(fleet, tokens), await StartAsync(fleet, tokens));
        var prompt = fleet.FreshPrompt();
        var stored = new HashSet<int>();
        foreach (var (number, tenant, salt, layout) in Namespaces())
        {
            // Each has what it stored, and nothing before it has stored.
            Assert.Equal(0, await second[tenant].ReuseAsync(prompt, layout, salt));
            await first[tenant].StoreAsync(prompt, (byte)(number + 1), layout, salt);
            stored.Add(number);
        }

        Assert.Equal(4 * stored.Count, (await RedisFleet.ManifestsAsync(redis)).Count);
        foreach (var (number, tenant, salt, layout) in Namespaces())
            Assert.Equal(prompt.Length, await second[tenant].ReuseAsync(prompt, layout, salt, writers: [(byte)(number + 1)]));
    }

    private static IEnumerable<(int Number, string Tenant, string Salt, KvLayout Layout)> Namespaces()
    {
        var number = 0;
        foreach (var tenant in Tenants)
            foreach (var salt in Salts)
                foreach (var layout in Layouts)
                    yield return (number++, tenant, salt, layout);
    }

    private static string Token(string tenant) => $"token-of-{tenant}-0123456789";

    /// <summary>A node, as each tenant.</summary>
    private static async Task<Dictionary<string, FleetNode>> StartAsync(RedisFleet fleet, string tokens)
    {
        var node = await fleet.StartAsync(nodeOptions: options => options with { TokenFile = tokens }, token: Token(Tenants[0]));
        var nodes = new Dictionary<string, FleetNode> { [Tenants[0]] = node, [Tenants[1]] = await node.AsAsync(Token(Tenants[1])) };
        foreach (var each in nodes.Values)
            foreach (var layout in Layouts) await each.Client.RegisterLayoutAsync(layout);
        return nodes;
    }
}
