using System.Globalization;
using PrefixCache.Benchmarks.Processes;
using PrefixCache.Benchmarks.Reporting;

namespace PrefixCache.Benchmarks.Waste;

/// <summary>What a node takes beside its arena: resident memory of a process that has stored, and evicted, many chunks.</summary>
internal static class MemoryBenchmark
{
    /// <summary>The hidden command that runs the process.</summary>
    public const string NodeCommand = "memory-node";

    private const double BaseBytes = 150e6;
    private const double BytesPerChunk = 2048;

    public static async Task<IReadOnlyList<BenchmarkResult>> RunAsync()
    {
        await using var node = await ServerProcess.StartAsync(NodeCommand);
        var resident = double.Parse(node.Words[0], CultureInfo.InvariantCulture);
        var chunks = double.Parse(node.Words[1], CultureInfo.InvariantCulture);
        return [BenchmarkResult.AtMost("resident_beyond_arena", resident / 1e6, "MB", (BaseBytes + (BytesPerChunk * chunks)) / 1e6)];
    }
}
