using PrefixCache.Core.Claims;
using PrefixCache.Core.Tiers.Redis;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.IntegrationTests.Redis;
using PrefixCache.TestRedis.Servers;

namespace PrefixCache.IntegrationTests.Processes;

/// <summary>Many processes ask for one cold prefix at the same time.</summary>
public sealed class HerdTests
{
    private const int Processes = 8;
    private const int Workers = 4;
    private const int NoteTokens = 100;

    [Fact]
    public async Task ColdPrefix_EightProcesses_IsComputedOnce()
    {
        await using var node = await RunningNode.StartAsync();
        await using var herd = await Herd.StartAsync([node.Address], Processes);

        var (counts, killed) = await herd.WorkAsync(Workers);

        Assert.Equal((0, Herd.Shared), (killed, counts.SharedComputed));
        Assert.Equal(Processes * Workers * NoteTokens, counts.OwnComputed);
        Assert.Equal(((Processes * Workers) - 1) * Herd.Shared, counts.Loaded);
        Assert.Equal((0, 0), (node.Node.Snapshot().Claims, node.Node.Snapshot().ClaimsWaiting));
        Assert.Equal(Processes * Workers, node.Node.Counters.ClaimsGranted);
        Assert.Equal(Processes * Workers, node.Node.Counters.ClaimsEndedBy(ClaimEnd.Completed));
    }

    [Theory]
    [InlineData(RedisWritePolicy.Never)]
    [InlineData(RedisWritePolicy.OnReuse)]
    [InlineData(RedisWritePolicy.Through)]
    [InlineData(RedisWritePolicy.OnEvict)]
    public async Task ColdPrefix_EightProcessesOnTwoNodes_IsComputedOnce(RedisWritePolicy policy)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var first = await RedisNodes.StartAsync(redis.Address, options => options with { Write = policy });
        await using var second = await RedisNodes.StartAsync(redis.Address, options => options with { Write = policy });
        await using var herd = await Herd.StartAsync([first.Address, second.Address], Processes);

        var (counts, killed) = await herd.WorkAsync(Workers);

        TestContext.Current.TestOutputHelper?.WriteLine($"{counts.SharedComputed} shared tokens were computed.");
        Assert.Equal((0, Herd.Shared), (killed, counts.SharedComputed));
        Assert.Equal(Processes * Workers * NoteTokens, counts.OwnComputed);
        Assert.Equal(((Processes * Workers) - 1) * Herd.Shared, counts.Loaded);
    }

    [Theory]
    [InlineData(RedisWritePolicy.Never)]
    [InlineData(RedisWritePolicy.OnReuse)]
    [InlineData(RedisWritePolicy.Through)]
    [InlineData(RedisWritePolicy.OnEvict)]
    public async Task ColdPrefix_OnTwoNodes_WhoComputesItIsKilledHalfWay_OneOtherComputesTheRest(RedisWritePolicy policy)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var first = await RedisNodes.StartAsync(redis.Address, options => options with { Write = policy });
        await using var second = await RedisNodes.StartAsync(redis.Address, options => options with { Write = policy });
        await using var herd = await Herd.StartAsync([first.Address, second.Address], Processes);

        var (counts, killed) = await herd.WorkAsync(Workers, killHalfWay: true);

        TestContext.Current.TestOutputHelper?.WriteLine($"{Herd.Shared + counts.SharedComputed} shared tokens were computed.");
        Assert.Equal(1, killed);
        Assert.InRange(Herd.Shared + counts.SharedComputed, Herd.Shared, 2 * Herd.Shared);
        Assert.Equal((Processes - 1) * Workers * NoteTokens, counts.OwnComputed);
    }

    [Fact]
    public async Task ColdPrefix_WhoComputesItIsKilledHalfWay_TheNextGoesOnWhereItStopped()
    {
        await using var node = await RunningNode.StartAsync();
        await using var herd = await Herd.StartAsync([node.Address], Processes);

        var (counts, killed) = await herd.WorkAsync(Workers, killHalfWay: true);

        // The one that was killed had computed all of it, and stored the first of its four chunks.
        Assert.Equal(1, killed);
        Assert.Equal(Herd.Shared - 256, counts.SharedComputed);
        Assert.InRange(Herd.Shared + counts.SharedComputed, Herd.Shared, 2 * Herd.Shared);
        Assert.Equal((Processes - 1) * Workers * NoteTokens, counts.OwnComputed);
        Assert.Equal(1, node.Node.Counters.ClaimsEndedBy(ClaimEnd.SessionLost));
    }
}
