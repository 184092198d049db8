using System.Buffers;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Google.Protobuf;
using PrefixCache.Benchmarks.Reporting;
using PrefixCache.Core;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Sharing;
using PrefixCache.Core.Tokens;
using PrefixCache.Protocol.V1;
using PrefixCache.Server.Wire;
using ReleaseScope = PrefixCache.Core.Reservations.ReleaseScope;
using StoreOffer = PrefixCache.Core.Transfers.StoreOffer;

namespace PrefixCache.Benchmarks.Lookup;

/// <summary>
/// What a lookup costs inside the node, without the transport: parse the fields, take the tokens into their buffer, hash, walk, reserve,
/// and make the answer. Between two calls the caches are filled with other things, as they are in a node that moves payload.
/// </summary>
internal static class LookupHandlerBenchmark
{
    /// <summary>Enough calls that tiered compilation is through with every method.</summary>
    private const int WarmUp = 20_000;
    private const int Calls = 1000;

    /// <summary>What the transport and other calls bring into the caches between two lookups: more than a core's own.</summary>
    private static readonly byte[] OtherMemory = new byte[8 << 20];

    /// <param name="located">The session's process holds the arena, and the answers say where the hit lies.</param>
    public static IReadOnlyList<BenchmarkResult> Run(bool located = false)
    {
        using var node = new CacheNode(new CacheNodeOptions { Host = LookupWorkload.NodeOptions.Host });
        var session = node.Sessions.Open(new SessionRequest("default", "benchmark", SessionRole.Scheduler)).OrThrow();
        if (located) node.Sharing.Attach(session, new WorkerProcess(Environment.ProcessId)).OrThrow();
        var layout = node.Layouts.Register(LookupWorkload.Layout).OrThrow();
        return [Measure(node, session, LookupWorkload.ShortPrompt, 60), Measure(node, session, LookupWorkload.LongPrompt, 1000)];

        BenchmarkResult Measure(CacheNode cache, Session owner, int count, double bar)
        {
            var tokens = MemoryMarshal.AsBytes<int>(LookupWorkload.Tokens(count)).ToArray();
            var fields = new LookupRequest
            {
                Session = ByteString.CopyFrom(owner.Id.ToArray()),
                RequestId = "0123456789abcdef0123456789abcdef",
                LayoutId = ByteString.CopyFrom(layout.Id.ToArray()),
                ExtentShards = { located ? [0] : Array.Empty<uint>() },
            }.ToByteArray();
            Store(cache, owner, fields, tokens);
            var times = new List<double>(Calls);
            var output = new ArrayBufferWriter<byte>();
            for (var i = 0; i < Calls + WarmUp; i++)
            {
                if (i >= WarmUp) Touch(OtherMemory);
                var started = Stopwatch.GetTimestamp();
                var answer = Lookup(cache, fields, tokens);
                output.Clear();
                answer.ToMessage().WriteTo(output);
                if (i >= WarmUp) times.Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds);
                if (answer.HitTokens != count) throw new InvalidDataException($"The lookup found {answer.HitTokens} of {count} tokens.");
                cache.Lookups.Release(owner, answer.Reservation, ReleaseScope.Done, null, null).OrThrow();
            }

            return BenchmarkResult.AtMost(
                $"lookup_{count}{(located ? "_located" : "")}_handler_p50", LookupWorkload.Percentile(times, 0.5), "us", bar);
        }
    }

    private static void Touch(byte[] memory)
    {
        for (var i = 0; i < memory.Length; i += 64) memory[i]++;
    }

    private static LookupAnswer Lookup(CacheNode node, byte[] fields, byte[] tokens)
    {
        var request = LookupRequest.Parser.ParseFrom(fields);
        var query = new LookupQuery(node.Sessions.Find(request.Session.Span).OrThrow(), request.RequestId,
            node.Layouts.Find(request.LayoutId.Span).OrThrow(), request.Salt, request.Adapter, (int)request.ComputedTokens,
                (int)request.AlignTokens)
        {
            LocateShards = request.ExtentShards.Count == 0 ? [] : [.. request.ExtentShards.Select(shard => (int)shard)],
        };
        var buffer = new TokenBuffer(tokens.Length / TokenBuffer.TokenBytes);
        tokens.CopyTo(buffer.Memory);
        return node.Lookups.Lookup(query, buffer).OrThrow();
    }

    private static void Store(CacheNode node, Session session, byte[] fields, byte[] tokens)
    {
        var answer = Lookup(node, fields, tokens);
        var offers = Enumerable.Range(0, ChunkPosition.Count(answer.TotalTokens, answer.ChunkTokens))
            .Select(position => new StoreOffer(ChunkPosition.Handle(position), answer.ChunkTokens)).ToList();
        using (var transfer = node.Stores.Open(session, answer.Reservation, 0, offers).OrThrow())
            foreach (var write in transfer.Writes) transfer.Commit(write, new ulong[write.Block.Shape.Segments]);
        node.Lookups.Release(session, answer.Reservation, ReleaseScope.Done, null, null).OrThrow();
    }
}
