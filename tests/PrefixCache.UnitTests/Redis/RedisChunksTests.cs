using System.Security.Cryptography;
using PrefixCache.Core.Tiers.Redis;
using PrefixCache.Core.Tiers.Redis.Resp;
using PrefixCache.Format.Hashing;
using PrefixCache.Format.Keys;
using PrefixCache.Format.Layouts;
using PrefixCache.TestRedis.Servers;

namespace PrefixCache.UnitTests.Redis;

/// <summary>Chunks in real servers of every kind that a node can be given.</summary>
public sealed class RedisChunksTests
{
    private const int Tokens = 16;
    private static readonly ShardShape Shape = TestNode.OneShard().Shapes[0];

    public static TheoryData<string> Kinds => ["one", "password", "user", "tls", "replica", "cluster"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Read_OfWhatWasWritten_GivesTheSameBytes(string kind)
    {
        await using var redis = await StartAsync(kind);
        var payloads = new Dictionary<RedisName, byte[]>();
        for (var i = 0; i < 20; i++)
        {
            var (name, payload) = (redis.Chunks.NameOf(RandomKey()), RandomNumberGenerator.GetBytes(Shape.PayloadBytes(Tokens)));
            Assert.Equal(ChunkWriteOutcome.Written, Write(redis.Chunks, name, payload));
            Assert.Equal(ChunkWriteOutcome.Present, Write(redis.Chunks, name, new byte[payload.Length]));
            payloads.Add(name, payload);
        }

        var names = payloads.Keys.ToList();
        var found = await redis.Chunks.FindAsync([.. names.Select(name => (name, Tokens))], [Shape]);
        Assert.All(await redis.Chunks.TouchAsync([.. names.Zip(found, (name, shards) => (name, shards!))]), Assert.True);
        for (var i = 0; i < names.Count; i++)
        {
            var read = new byte[Shape.PayloadBytes(Tokens)];
            Assert.Equal(
                ChunkReadOutcome.Loaded, redis.Chunks.Read(names[i], 0, found[i]![0], Shape, read));
            Assert.Equal(payloads[names[i]], read);
        }
    }

    [Fact]
    public async Task Find_OfWhatIsNotThere_IsNull()
    {
        await using var redis = await StartAsync("one");
        Assert.Null((await redis.Chunks.FindAsync([(redis.Chunks.NameOf(RandomKey()), Tokens)], [Shape]))[0]);
    }

    [Theory]
    [InlineData("DEL")]
    [InlineData("SETRANGE")]
    [InlineData("APPEND")]
    [InlineData("LPUSH")]
    public async Task Read_OfADamagedPart_SaysSo_AndItCanBeWrittenAnew(string command)
    {
        await using var redis = await StartAsync("one");
        var (name, payload) = (redis.Chunks.NameOf(RandomKey()), RandomNumberGenerator.GetBytes(Shape.PayloadBytes(Tokens)));
        Write(redis.Chunks, name, payload);
        var manifest = (await redis.Chunks.FindAsync([(name, Tokens)], [Shape]))[0]![0];
        var part = $"{name}p0:{manifest.Nonce:x16}:1";
        await redis.Server!.CommandAsync(command switch
        {
            "DEL" => ["DEL", part],
            "APPEND" => ["APPEND", part, "x"],
            "LPUSH" => ["EVAL", "redis.call('DEL',KEYS[1]) return redis.call('LPUSH',KEYS[1],'x')", "1", part],
            _ => ["SETRANGE", part, "3", payload[1003] == 0 ? "\x01" : "\0"],
        });
        var read = new byte[payload.Length];
        Assert.Equal(ChunkReadOutcome.Damaged, redis.Chunks.Read(name, 0, manifest, Shape, read));
        await redis.Chunks.DeleteAsync(name, 0, manifest);
        Assert.Empty((await redis.Server.CommandAsync("KEYS", $"{name}*")).Items!);
        Assert.Equal(ChunkWriteOutcome.Written, Write(redis.Chunks, name, payload));
    }

    [Fact]
    public async Task Delete_OfWhatWasWrittenAnew_LeavesIt()
    {
        await using var redis = await StartAsync("one");
        var (name, payload) = (redis.Chunks.NameOf(RandomKey()), new byte[Shape.PayloadBytes(Tokens)]);
        Write(redis.Chunks, name, payload);
        var old = (await redis.Chunks.FindAsync([(name, Tokens)], [Shape]))[0]![0];
        await redis.Chunks.DeleteAsync(name, 0, old);
        Write(redis.Chunks, name, payload);
        await redis.Chunks.DeleteAsync(name, 0, old);
        Assert.NotNull((await redis.Chunks.FindAsync([(name, Tokens)], [Shape]))[0]);
    }

    [Fact]
    public async Task Find_OfADamagedManifest_DeletesIt()
    {
        await using var redis = await StartAsync("one");
        var name = redis.Chunks.NameOf(RandomKey());
        await redis.Server!.CommandAsync("SET", $"{name}m0", "PCM1 but nothing else");
        Assert.Null((await redis.Chunks.FindAsync([(name, Tokens)], [Shape]))[0]);
        Assert.Equal(0, (await redis.Server.CommandAsync("EXISTS", $"{name}m0")).Number);
    }

    [Fact]
    public async Task Write_ToAFullServer_SaysThatItIsFull()
    {
        await using var redis = await StartAsync("full");
        var fault = Assert.Throws<RedisException>(
            () => Write(redis.Chunks, redis.Chunks.NameOf(RandomKey()), new byte[Shape.PayloadBytes(Tokens)]));
        Assert.Equal(RedisFault.OutOfMemory, fault.Fault);
    }

    [Theory]
    [InlineData("password", "", "wrong", RedisFault.Denied)]
    [InlineData("user", "", "", RedisFault.Denied)]
    [InlineData("tls", "", "", RedisFault.TimeOut)]
    public async Task Refresh_WithoutTheRightCredentials_Fails(string kind, string user, string password, RedisFault expected)
    {
        await using var redis = await StartAsync(kind);
        using var topology = new RedisTopology(
            redis.Options with { User = user, Password = password, Tls = new RedisTls(), TimeOut = TimeSpan.FromSeconds(1) }, TimeProvider.System);
        var fault = (await Assert.ThrowsAsync<RedisException>(topology.RefreshAsync)).Fault;
        Assert.True(fault == expected || (kind == "tls" && fault == RedisFault.Connection), $"{fault}");
    }

    [Fact]
    public async Task FindChildren_AmongMany_GivesTheOneThatSharesMost()
    {
        await using var redis = await StartAsync("one");
        var parent = redis.Chunks.NameOf(RandomKey());
        var random = new Random(7);
        var children = Enumerable.Range(0, 400)
            .Select(_ => Enumerable.Range(0, Tokens).Select(_ => (uint)random.Next(3) << 24 | 5).ToArray()).ToList();
        foreach (var child in children.Take(200)) await redis.Chunks.AddChildAsync(parent, BigEndianTokens.Encode(child), Tokens);
        foreach (var run in children.Skip(200))
        {
            var members = await redis.Chunks.FindChildrenAsync(parent, BigEndianTokens.Encode(run));
            var best = members.Max(member =>
            {
                using var tokens = BigEndianTokens.TryDecode(member, Tokens)!;
                return tokens.Text(0, tokens.Count).Tokens.CommonPrefixLength(run);
            });
            Assert.Equal(children.Take(200).Max(child => child.AsSpan().CommonPrefixLength(run)), best);
        }
    }

    [Fact]
    public async Task AddChild_OverTheBound_KeepsItAndTheShortOnes()
    {
        await using var redis = await StartAsync("one");
        var parent = redis.Chunks.NameOf(RandomKey());
        await redis.Chunks.AddChildAsync(parent, BigEndianTokens.Encode([1, 2, 3]), Tokens);
        for (uint i = 0; i < 300; i++)
            await redis.Chunks.AddChildAsync(parent, BigEndianTokens.Encode([.. Enumerable.Repeat(i, Tokens)]), Tokens);
        Assert.Equal(256, (await redis.Server!.CommandAsync("ZCARD", $"{parent}c")).Number);
        Assert.False((await redis.Server.CommandAsync("ZSCORE", $"{parent}c", "\0\0\0\x01\0\0\0\x02\0\0\0\x03")).IsNull);
    }

    private static ChunkWriteOutcome Write(RedisChunks chunks, RedisName name, byte[] payload) =>
        chunks.Write(name, 0, Tokens, payload, Checksums(payload));

    private static ulong[] Checksums(byte[] payload) => [.. Enumerable.Range(0, Shape.Segments).Select(segment =>
        Xxh3.Hash64(payload.AsSpan(Shape.SegmentOffset(segment, Tokens), Shape.SegmentBytesPerToken(segment) * Tokens)))];

    private static ChunkKey RandomKey()
    {
        ChunkKey key = default;
        RandomNumberGenerator.Fill(key);
        return key;
    }

    private static async Task<StartedRedis> StartAsync(string kind)
    {
        var certificate = kind == "tls" ? new RedisCertificate() : null;
        var options = kind switch
        {
            "password" => new RedisServerOptions { Password = "secret" },
            "user" => new RedisServerOptions { User = "cache", Password = "secret" },
            "full" => new RedisServerOptions { MaxMemoryBytes = 1 },
            _ => new RedisServerOptions { Tls = certificate },
        };
        IAsyncDisposable servers = kind switch
        {
            "replica" => await RedisWithReplica.StartAsync(options),
            "cluster" => await RedisCluster.StartAsync(options),
            _ => await RedisServer.StartAsync(options),
        };
        // The replica alone is named, and one server of the cluster: the rest is found.
        var address = servers switch
        {
            RedisWithReplica pair => pair.Replica.Address,
            RedisCluster cluster => cluster.Servers[0].Address,
            _ => ((RedisServer)servers).Address.Replace("127.0.0.1", kind == "tls" ? RedisCertificate.Host : "127.0.0.1", StringComparison.Ordinal),
        };
        Assert.True(RedisAddress.TryParse(address, out var parsed));
        var redis = new RedisOptions
        {
            Servers = [parsed],
            User = options.User ?? "",
            Password = options.Password ?? "",
            Tls = new RedisTls { Enabled = kind == "tls", CaFile = certificate?.AuthorityFile ?? "" },
            PartBytes = 1000,
            TimeOut = TimeSpan.FromSeconds(5),
        };
        var topology = new RedisTopology(redis, TimeProvider.System);
        await topology.RefreshAsync();
        return new StartedRedis(servers, certificate, redis, topology);
    }

    private sealed record StartedRedis(IAsyncDisposable Servers, RedisCertificate? Certificate, RedisOptions Options, RedisTopology Topology)
        : IAsyncDisposable
    {
        public RedisServer? Server => Servers as RedisServer;

        public RedisChunks Chunks { get; } = new(Options, Topology);

        public async ValueTask DisposeAsync()
        {
            Topology.Dispose();
            await Servers.DisposeAsync();
            Certificate?.Dispose();
        }
    }
}
