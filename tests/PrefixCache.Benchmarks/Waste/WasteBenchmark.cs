using System.Diagnostics;
using System.Globalization;
using PrefixCache.Benchmarks.Reporting;
using PrefixCache.Format.Layouts;
using Spectre.Console;

namespace PrefixCache.Benchmarks.Waste;

/// <summary>
/// Stores prompts of two layouts, those of Llama-3.1-8B and Qwen2.5-0.5B in bf16, into an arena that is full, then of one layout alone:
/// bytes that hold nothing, and whether the memory
/// follows the load.
/// </summary>
internal sealed class WasteBenchmark : IDisposable
{
    private const long CapacityBytes = 256L << 30;
    private const int MixedStores = 100_000;

    /// <summary>Ten times what fills the arena with prompts of the smaller layout.</summary>
    private const int MaxStoresAlone = 20_000;
    private const double MaxWastedShare = 0.04;
    private const double MinShareAlone = 0.90;

    private readonly SimulatedNode _node = new(CapacityBytes);
    private readonly int[] _lengths = PromptLengths.Read();
    private readonly Random _random = new(3);
    private readonly (string Name, KvLayout Layout, ulong[] Checksums)[] _layouts;
    private readonly List<WasteSample> _curve = [];
    private int _stores;
    private (long Stored, long Allocated) _last;

    private WasteBenchmark() => _layouts =
    [
        Layout("Llama", layers: 32, kvHeads: 8, headDimension: 128),
        Layout("Qwen", layers: 24, kvHeads: 2, headDimension: 64),
    ];

    public static IReadOnlyList<BenchmarkResult> Run()
    {
        using var benchmark = new WasteBenchmark();
        var watch = Stopwatch.StartNew();
        var worst = benchmark.Mix("both", MixedStores, MixedStores / 10);
        var afterMix = benchmark._curve[^1].Wasted;
        var seconds = watch.Elapsed.TotalSeconds;
        var chunks = benchmark._node.Node.Counters.ChunksCommitted;
        var llama = benchmark.Alone(0);
        benchmark.Mix("both", MixedStores / 20, MixedStores / 40);
        var qwen = benchmark.Alone(1);

        // From the small blocks' arena to large blocks: each of them needs memory that many small ones have left.
        var again = benchmark.Alone(0);
        benchmark.Print();
        AnsiConsole.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{MixedStores} stores of {chunks} chunks in {seconds:0.0} s: {seconds * 1e6 / chunks:0.0} µs a chunk."));
        return
        [
            BenchmarkResult.AtMost("wasted_share_of_allocated", afterMix, "", MaxWastedShare),
            BenchmarkResult.AtMost("wasted_share_of_allocated_worst", worst, "", MaxWastedShare),
            BenchmarkResult.AtLeast("share_of_arena_llama_alone", llama, "", MinShareAlone),
            BenchmarkResult.AtLeast("share_of_arena_qwen_alone", qwen, "", MinShareAlone),
            BenchmarkResult.AtLeast("share_of_arena_llama_alone_again", again, "", MinShareAlone),
            BenchmarkResult.AtMost("refused_chunks", benchmark._node.Node.Counters.StoresRefused, "", 0),
        ];
    }

    public void Dispose() => _node.Dispose();

    private (string Name, KvLayout Layout, ulong[] Checksums) Layout(string name, int layers, int kvHeads, int headDimension)
    {
        var layout = _node.Register(KvLayout.Uniform(name, "1", KvType.BFloat16, layers, kvHeads, headDimension));
        var checksums = new ulong[layout.Shapes[0].Segments];
        Array.Fill(checksums, 1UL);
        return (name, layout, checksums);
    }

    /// <summary>Prompts of both layouts. Tells the worst wasted share while the arena was full.</summary>
    private double Mix(string phase, int stores, int every)
    {
        var worst = 0.0;
        for (var i = 1; i <= stores; i++)
        {
            Store(_random.Next(_layouts.Length));
            if (i % 100 == 0 && _node.Node.Counters.ChunksEvicted > 0) worst = Math.Max(worst, Now(phase).Wasted);
            if (i % every == 0 || (_stores < every && i is 100 or 300 or 1000)) Add(phase);
        }

        return worst;
    }

    /// <summary>
    /// Prompts of one layout, until the other's blocks are gone and as many again. Tells the mean share that it holds then.
    /// </summary>
    private double Alone(int layout)
    {
        var phase = _layouts[layout].Name + " alone";
        var other = 1 - layout;
        var (gone, next) = (0, 50);
        for (var i = 1; gone == 0 && i <= MaxStoresAlone; i++)
        {
            Store(layout);
            if (i == next)
            {
                Add(phase);
                next *= 2;
            }

            if (AllocatedBytes(other) == 0) gone = i;
        }

        Add(phase);
        var shares = 0.0;
        for (var i = 0; i < gone; i++)
        {
            Store(layout);
            shares += AllocatedBytes(layout) / (double)CapacityBytes;
        }

        Add(phase);
        return gone == 0 ? 0 : shares / gone;
    }

    private void Store(int layout)
    {
        var (_, kv, checksums) = _layouts[layout];
        _node.Store(kv, _lengths[_random.Next(_lengths.Length)], () => checksums);
        _stores++;
    }

    private WasteSample Now(string phase)
    {
        var now = _node.Node.Snapshot();
        var stored = _node.StoredBytes - _last.Stored;
        var evicted = stored - (now.AllocatedBytes - _last.Allocated);
        var shares = _layouts.Select((_, index) => AllocatedBytes(index) / (double)CapacityBytes).ToArray();
        return new WasteSample(phase, _stores, now.AllocatedBytes / (double)CapacityBytes, shares,
            now.WastedBytes / (double)now.AllocatedBytes, stored == 0 ? 0 : evicted / (double)stored);
    }

    private void Add(string phase)
    {
        _curve.Add(Now(phase));
        _last = (_node.StoredBytes, _node.Node.Snapshot().AllocatedBytes);
    }

    private long AllocatedBytes(int layout)
    {
        var kv = _layouts[layout].Layout;
        var whole = (long)kv.Shapes[0].PayloadBytes(kv.ChunkTokens);
        var step = (long)kv.Shapes[0].PayloadBytes(Core.Memory.SizeClass.StepTokens);
        return _node.Host!.Lanes.Where(lane => lane.Key.UnitBytes == (lane.Key.IsWhole ? whole : step)).Sum(lane => lane.AllocatedBytes);
    }

    private void Print()
    {
        var table = new Table().AddColumns(
            ["load", "stores", "allocated", .. _layouts.Select(layout => layout.Name), "wasted", "evicted/stored"]);
        foreach (var sample in _curve)
        {
            table.AddRow([sample.Phase, sample.Stores.ToString(CultureInfo.InvariantCulture), Percent(sample.Allocated),
                .. sample.Layouts.Select(Percent), Percent(sample.Wasted),
                sample.EvictedPerStored.ToString("0.00", CultureInfo.InvariantCulture)]);
        }

        AnsiConsole.Write(table);
    }

    private static string Percent(double share) => (share * 100).ToString("0.00", CultureInfo.InvariantCulture) + " %";
}
