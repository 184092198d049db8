using System.Diagnostics;
using System.Runtime.InteropServices;
using PrefixCache.Benchmarks.Reporting;
using PrefixCache.Core;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Tiers.Host;
using PrefixCache.Core.Tokens;
using PrefixCache.Format.Hashing;
using PrefixCache.Format.Layouts;
using PrefixCache.Server.Wire;
using StoreOffer = PrefixCache.Core.Transfers.StoreOffer;

namespace PrefixCache.Benchmarks.Lookup;

/// <summary>
/// A lookup inside the node where many notes follow one prefix of 900 tokens, beside one where few do: half of the prompts end in a note
/// that is there, half in a new one. Between two calls the caches are filled with other things.
/// </summary>
internal sealed class ChildrenBenchmark : IDisposable
{
    private const int Many = 100_000;
    private const int Few = 10;
    private const int SharedTokens = 900;
    private const int PromptTokens = 1200;
    private const int WarmUp = 20_000;
    private const int Calls = 10_000;

    private static readonly byte[] OtherMemory = new byte[8 << 20];

    private readonly CacheNode _node;
    private readonly Session _session;
    private readonly KvLayout _layout;
    private readonly int _notes;
    private readonly List<double> _times = [];

    private ChildrenBenchmark(int notes)
    {
        // 16 bytes of KV a token, none of which is touched but by branch points: blocks of zeros, with the checksums of zeros.
        var host = new HostTierOptions { CapacityBytes = 4L << 30, LockPages = false, ReserveMemory = false, MaxBlocks = 4 * Many };
        _node = new CacheNode(new CacheNodeOptions { Host = host });
        _session = _node.Sessions.Open(new SessionRequest("default", "benchmark", SessionRole.Scheduler)).OrThrow();
        _layout = _node.Layouts.Register(KvLayout.Uniform("notes", "1", KvType.BFloat16, 1, 1, 4)).OrThrow();
        _notes = notes;
        for (var note = 0; note < notes; note++) Store(note);
    }

    public static IReadOnlyList<BenchmarkResult> Run()
    {
        using var few = new ChildrenBenchmark(Few);
        using var many = new ChildrenBenchmark(Many);
        var random = new Random(7);
        for (var i = 0; i < WarmUp + Calls; i++)
        {
            few.Measure(random, i >= WarmUp);
            many.Measure(random, i >= WarmUp);
        }

        return
        [
            Ratio("p50", 0.5), Ratio("p99", 0.99, 2),
            BenchmarkResult.Shown($"branch_points_behind_{Many}_notes", many._node.Counters.BranchPointsMade, ""),
        ];

        BenchmarkResult Ratio(string name, double share, double? bar = null)
        {
            var (value, reference) = (LookupWorkload.Percentile(many._times, share), LookupWorkload.Percentile(few._times, share));
            var full = $"lookup_beside_{Many}_children_{name}";
            return bar is { } most ? BenchmarkResult.AtMostTimes(full, value, "us", reference, most)
                : BenchmarkResult.Shown(full, value, "us", reference);
        }
    }

    public void Dispose() => _node.Dispose();

    private static TokenBuffer Prompt(long note)
    {
        var buffer = new TokenBuffer(PromptTokens);
        var tokens = MemoryMarshal.Cast<byte, uint>(buffer.Memory.Span);
        for (var i = 0; i < tokens.Length; i++) tokens[i] = i < SharedTokens ? (uint)i : (uint)((note * 7919) + (i * 31));
        return buffer;
    }

    private void Measure(Random random, bool counts)
    {
        var note = random.Next(2) == 0 ? random.Next(_notes) : Many + random.Next(1_000_000);
        var prompt = Prompt(note);
        var query = new LookupQuery(_session, "measured", _layout, "", "", 0, 0);
        for (var i = 0; counts && i < OtherMemory.Length; i += 64) OtherMemory[i]++;
        var started = Stopwatch.GetTimestamp();
        var answer = _node.Lookups.Lookup(query, prompt).OrThrow();
        if (counts) _times.Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds);
        if (answer.HitTokens != (note < _notes ? PromptTokens : SharedTokens))
            throw new InvalidDataException($"Note {note}: the lookup found {answer.HitTokens} tokens.");
        _node.Lookups.Release(_session, answer.Reservation, ReleaseScope.Done, null, null).OrThrow();
    }

    private void Store(int note)
    {
        var answer = _node.Lookups.Lookup(new LookupQuery(_session, "stored", _layout, "", "", 0, 0), Prompt(note)).OrThrow();
        var offers = Enumerable.Range(0, ChunkPosition.Count(PromptTokens, _layout.ChunkTokens))
            .Select(position => new StoreOffer(
                ChunkPosition.Handle(position), ChunkPosition.Tokens(position, PromptTokens, _layout.ChunkTokens))).ToList();
        using (var transfer = _node.Stores.Open(_session, answer.Reservation, 0, offers).OrThrow())
        {
            foreach (var write in transfer.Writes)
            {
                var sums = new ulong[write.Block.Shape.Segments];
                for (var i = 0; i < sums.Length; i++)
                    sums[i] = Xxh3.Hash64(new byte[write.Block.Tokens * write.Block.Shape.SegmentBytesPerToken(i)]);
                transfer.Commit(write, sums);
            }
        }

        _node.Lookups.Release(_session, answer.Reservation, ReleaseScope.Done, null, null).OrThrow();
    }
}
