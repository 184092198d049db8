using System.Diagnostics;
using System.Runtime.InteropServices;
using PrefixCache.Benchmarks.Lookup;
using PrefixCache.Benchmarks.Reporting;
using PrefixCache.Core.Tiers.Redis;
using PrefixCache.Core.Tiers.Redis.Resp;
using PrefixCache.Core.Tokens;
using PrefixCache.Format.Hashing;
using PrefixCache.Format.Keys;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Benchmarks.Redis;

/// <summary>The Redis phase of a lookup whose 32 chunks are in Redis alone, beside one EXISTS of the same client.</summary>
internal static class ChainLookup
{
    private const int Chunks = 32;
    private const int WarmUp = 3000;
    private const int Calls = 3000;

    /// <summary>Small payload, but manifests and keys of the usual size: 64 segments.</summary>
    private static readonly KvLayout Layout = KvLayout.Uniform("chain", "1", KvType.BFloat16, 32, 1, 1, 256);

    /// <param name="port">Of a server that nobody else uses meanwhile.</param>
    public static async Task<IReadOnlyList<BenchmarkResult>> RunAsync(int port)
    {
        var options = new RedisOptions { Servers = [new RedisAddress("127.0.0.1", port)] };
        using var topology = new RedisTopology(options, TimeProvider.System);
        await topology.RefreshAsync();
        var chunks = new RedisChunks(options, topology);
        var finder = new RedisFinder(chunks, options, 16, _ => { });
        using var prompt = Prompt();
        var first = Store(chunks, prompt);
        List<double> finds = [], probes = [], hashes = [];
        for (var call = 0; call < WarmUp + Calls; call++)
        {
            var started = Stopwatch.GetTimestamp();
            var chain = RedisFinder.Chain(Layout, prompt, default, 0);
            var hashed = Stopwatch.GetElapsedTime(started);
            started = Stopwatch.GetTimestamp();
            var finding = await finder.FindAsync(Layout, prompt, chain, 0, default, 0);
            var elapsed = Stopwatch.GetElapsedTime(started);
            if (finding.EndTokens != prompt.Count) throw new InvalidOperationException($"{finding.EndTokens} tokens were found.");
            // A node does it behind the answer; it must not delay what is measured next.
            await finder.TouchAsync(finding.Chunks);
            finding.Dispose();
            started = Stopwatch.GetTimestamp();
            await chunks.IsThereAsync(first, 1);
            if (call < WarmUp) continue;
            probes.Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds);
            finds.Add(elapsed.TotalMicroseconds);
            hashes.Add(hashed.TotalMicroseconds);
        }

        var (find, probe) = (LookupWorkload.Percentile(finds, 0.5), LookupWorkload.Percentile(probes, 0.5));
        return
        [
            BenchmarkResult.Shown("redis_exists_p50", probe, "us"),
            BenchmarkResult.Shown("redis_hash_32_keys_p50", LookupWorkload.Percentile(hashes, 0.5), "us"),
            BenchmarkResult.AtMostTimes("redis_lookup_32_chunks_p50", find, "us", probe, 3),
        ];
    }

    private static TokenBuffer Prompt()
    {
        var tokens = new TokenBuffer(Chunks * Layout.ChunkTokens);
        var random = new Random(3);
        foreach (ref var token in MemoryMarshal.Cast<byte, uint>(tokens.Memory.Span)) token = (uint)random.Next(128_000);
        return tokens;
    }

    private static RedisName Store(RedisChunks chunks, TokenBuffer prompt)
    {
        var shape = Layout.Shapes[0];
        var payload = new byte[shape.PayloadBytes(Layout.ChunkTokens)];
        var checksum = Xxh3.Hash64(payload.AsSpan(0, shape.SegmentBytesPerToken(0) * Layout.ChunkTokens));
        var checksums = Enumerable.Repeat(checksum, shape.Segments).ToArray();
        ChunkKey key = default;
        for (var position = 0; position < Chunks; position++)
        {
            key = ChunkKeys.Next(key, prompt.Slice(position * Layout.ChunkTokens, Layout.ChunkTokens));
            chunks.Write(chunks.NameOf(key), 0, Layout.ChunkTokens, payload, checksums);
        }

        return chunks.NameOf(key);
    }
}
