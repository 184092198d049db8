using PrefixCache.Core.Tiers.Redis;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.TestRedis.Servers;

namespace PrefixCache.IntegrationTests.Redis;

/// <summary>Options that do not fit the server: the node serves, and says which option to look at.</summary>
public sealed class RefusedTests
{
    [Theory]
    [InlineData("", "wrong", "redis-password-file")]
    [InlineData("secret", "wrong", "redis-password-file")]
    [InlineData("secret", "", "give one in redis-password-file")]
    public async Task Password_ThatDoesNotFit_IsNamedWithTheServer(string servers, string nodes, string named)
    {
        await using var redis = await RedisServer.StartAsync(new RedisServerOptions { Password = servers.Length > 0 ? servers : null });
        await AssertAwayAsync(redis, options => options with { Password = nodes }, named);
    }

    [Fact]
    public async Task Tls_AtAPlainServer_IsNamedWithTheServer()
    {
        await using var redis = await RedisServer.StartAsync();
        await AssertAwayAsync(redis, options => options with { Tls = new RedisTls { Enabled = true } }, "redis-tls");
    }

    private static async Task AssertAwayAsync(RedisServer redis, Func<RedisOptions, RedisOptions> change, string named)
    {
        Assert.True(RedisAddress.TryParse(redis.Address, out var address));
        var options = change(new RedisOptions { Servers = [address] });
        await using var node = await RunningNode.StartAsync(RunningNode.Options(64 << 20) with { Redis = options });
        var status = node.Node.Redis!;
        await Until.TrueAsync(
            () => status.Cause.Contains(redis.Address, StringComparison.Ordinal) && status.Cause.Contains(named, StringComparison.Ordinal),
            () => $"'{status.Cause}' names not both {redis.Address} and {named}.");
        Assert.Equal(RedisState.Away, status.State);
    }
}
