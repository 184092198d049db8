using System.Diagnostics;
using PrefixCache.Core.Tiers.Redis;
using PrefixCache.Core.Tiers.Redis.Resp;
using PrefixCache.Format.Hashing;
using PrefixCache.Format.Layouts;

namespace PrefixCache.UnitTests.Redis;

/// <summary>What a server that is broken, or no Redis at all, can do to a node: cause misses, and no more.</summary>
public sealed class HostileRedisTests
{
    private const int Tokens = 16;
    private static readonly ShardShape Shape = TestNode.OneShard().Shapes[0];
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    public static TheoryData<string> Nonsense =>
    [
        "+OK\r\n", ":7\r\n", "*0\r\n", "*-1\r\n", "*1\r\n*1\r\n:0\r\n", "*1\r\n*3\r\n:0\r\n:5\r\n*0\r\n",
        "*1\r\n*3\r\n:-9\r\n:5\r\n*2\r\n$1\r\nx\r\n:1\r\n", "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$1\r\nx\r\n:99999999\r\n", "$-1\r\n", "%1\r\n",
    ];

    [Theory]
    [MemberData(nameof(Nonsense))]
    public async Task Probe_OfAServerThatAnswersNonsense_IsAwayAndRecovers(string slots)
    {
        using var server = new HostileRedis(command => command[0] == "CLUSTER" ? slots : HostileRedis.Sane(command));
        using var topology = new RedisTopology(server.Options, TimeProvider.System);
        var health = new RedisHealth(server.Options, topology, TimeProvider.System, () => Task.CompletedTask, () => Task.CompletedTask);
        health.Start();
        await health.FirstProbe.WaitAsync(Soon, TestContext.Current.CancellationToken);
        Assert.Equal(RedisState.Away, health.State);

        server.Answer = HostileRedis.Sane;

        for (var waited = Stopwatch.StartNew(); health.State != RedisState.Available;)
        {
            Assert.True(waited.Elapsed < Soon, $"{health.State}: {health.Cause}");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        await health.DisposeAsync();
    }

    [Fact]
    public async Task Call_ToAServerThatAnswersNothing_EndsInTime_WhoeverElseCalls()
    {
        using var server = new HostileRedis(command => command[0] == "GET" ? null : HostileRedis.Sane(command));
        using var endpoint = new RedisEndpoint(server.Options, server.Options.Servers[0], TimeProvider.System);
        var first = CallAsync(endpoint);
        var waited = Stopwatch.StartNew();
        while (!first.IsCompleted && waited.Elapsed < TimeSpan.FromSeconds(6))
        {
            _ = CallAsync(endpoint);
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        Assert.True(first.IsCompleted, "Calls that come later let those before them wait for ever.");
        Assert.Equal(RedisFault.TimeOut, await first);
    }

    [Fact]
    public async Task Read_ByteByByte_EndsInTime()
    {
        var payload = new byte[Shape.PayloadBytes(Tokens)];
        using var server = new HostileRedis(command => command[0] == "GET"
            ? $"${payload.Length}\r\n{new string('\0', payload.Length)}\r\n"
            : HostileRedis.Sane(command));
        using var topology = new RedisTopology(server.Options, TimeProvider.System);
        await topology.RefreshAsync();
        var chunks = new RedisChunks(server.Options, topology);
        var checksums = Enumerable.Range(0, Shape.Segments)
            .Select(segment => Xxh3.Hash64(new byte[Shape.SegmentBytesPerToken(segment) * Tokens])).ToArray();
        var manifest = ChunkManifest.Make(Tokens, 1, payload.Length, payload.Length, checksums);

        // The connection is there when the bytes begin to drip.
        Assert.Equal(ChunkReadOutcome.Loaded, chunks.Read(chunks.NameOf(default), 0, manifest, Shape, payload));
        server.Drip = TimeSpan.FromMilliseconds(10);

        var read = Task.Run(
            () => Assert.Throws<RedisException>(() => chunks.Read(chunks.NameOf(default), 0, manifest, Shape, payload)).Fault,
            TestContext.Current.CancellationToken);

        Assert.Equal(RedisFault.TimeOut, await read.WaitAsync(Soon, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("*0\r\n")]
    [InlineData("+OK\r\n")]
    [InlineData("*2\r\n:1\r\n:2\r\n")]
    [InlineData("*1\r\n*1\r\n$1\r\nx\r\n")]
    public async Task Find_OfNonsense_IsAFaultOfTheServer(string reply)
    {
        using var server = new HostileRedis(command => command[0] == "MGET" ? reply : HostileRedis.Sane(command));
        using var topology = new RedisTopology(server.Options, TimeProvider.System);
        await topology.RefreshAsync();
        var chunks = new RedisChunks(server.Options, topology);
        try
        {
            Assert.All(await chunks.FindAsync([(chunks.NameOf(default), Tokens)], [Shape]), Assert.Null);
        }
        catch (RedisException exception)
        {
            Assert.Equal(RedisFault.Protocol, exception.Fault);
        }
    }

    private static async Task<RedisFault?> CallAsync(RedisEndpoint endpoint)
    {
        using var commands = new RespCommands().Command("GET", 2).Add("x");
        try
        {
            await endpoint.CallAsync(commands);
            return null;
        }
        catch (RedisException exception)
        {
            return exception.Fault;
        }
    }
}
