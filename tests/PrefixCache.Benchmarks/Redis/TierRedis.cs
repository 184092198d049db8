using System.Security.Cryptography;
using PrefixCache.Benchmarks.Local;
using PrefixCache.Core.Tiers.Redis;
using PrefixCache.Core.Tiers.Redis.Resp;
using PrefixCache.Format.Hashing;
using PrefixCache.Format.Keys;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Benchmarks.Redis;

/// <summary>The node's Redis tier: parts, manifests and checks as it writes and reads them, on one thread.</summary>
internal sealed class TierRedis : IRedisSide
{
    private readonly RedisTopology _topology;
    private readonly RedisChunks _chunks;
    private readonly List<(RedisName Name, int Offset, int Tokens)> _stored = [];
    private ulong[][] _checksums = [];

    private TierRedis(RedisOptions options, RedisTopology topology) => (_topology, _chunks) = (topology, new RedisChunks(options, topology));

    public string Name => "redis_tier";

    private static ShardShape Shape => LocalWorkload.Shape;

    public static async Task<TierRedis> StartAsync(int port)
    {
        var options = new RedisOptions { Servers = [new RedisAddress("127.0.0.1", port)], PartBytes = RedisWorkload.PartBytes };
        var topology = new RedisTopology(options, TimeProvider.System);
        await topology.RefreshAsync();
        return new TierRedis(options, topology);
    }

    public ValueTask StoreAsync(ReadOnlyMemory<byte> prompt)
    {
        _stored.Clear();
        for (var first = 0; first < RedisWorkload.PromptTokens; first += LocalWorkload.Layout.ChunkTokens)
        {
            ChunkKey key = default;
            RandomNumberGenerator.Fill(key);
            var tokens = Math.Min(LocalWorkload.Layout.ChunkTokens, RedisWorkload.PromptTokens - first);
            _stored.Add((_chunks.NameOf(key), first * Shape.BytesPerToken, tokens));
        }

        // A node has them from the worker, or from sealing: once a chunk, not once a write.
        if (_checksums.Length == 0) _checksums = [.. _stored.Select(chunk => Checksums(prompt.Span[chunk.Offset..], chunk.Tokens))];
        for (var i = 0; i < _stored.Count; i++)
        {
            var (name, offset, tokens) = _stored[i];
            var outcome = _chunks.Write(name, 0, tokens, prompt.Slice(offset, Shape.PayloadBytes(tokens)), _checksums[i]);
            if (outcome != ChunkWriteOutcome.Written) throw new InvalidOperationException($"A chunk was not written: {outcome}.");
        }

        return default;
    }

    public async ValueTask LoadAsync(Memory<byte> prompt)
    {
        var manifests = await _chunks.FindAsync([.. _stored.Select(chunk => (chunk.Name, chunk.Tokens))], [Shape]);
        for (var i = 0; i < _stored.Count; i++)
        {
            var (name, offset, tokens) = _stored[i];
            var outcome = _chunks.Read(name, 0, manifests[i]![0], Shape, prompt.Slice(offset, Shape.PayloadBytes(tokens)));
            if (outcome != ChunkReadOutcome.Loaded) throw new InvalidOperationException($"A chunk was not loaded: {outcome}.");
        }
    }

    public async ValueTask ProbeAsync() => await _chunks.IsThereAsync(_stored[0].Name, 1);

    public ValueTask DisposeAsync()
    {
        _topology.Dispose();
        return default;
    }

    private static ulong[] Checksums(ReadOnlySpan<byte> payload, int tokens)
    {
        var checksums = new ulong[Shape.Segments];
        for (var segment = 0; segment < checksums.Length; segment++)
        {
            checksums[segment] = Xxh3.Hash64(
                payload.Slice(Shape.SegmentOffset(segment, tokens), Shape.SegmentBytesPerToken(segment) * tokens));
        }

        return checksums;
    }
}
