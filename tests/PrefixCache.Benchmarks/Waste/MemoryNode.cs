using System.Globalization;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Benchmarks.Waste;

/// <summary>The process of the memory benchmark: a node with an arena full of chunks, of which no byte is touched.</summary>
internal static class MemoryNode
{
    private const int CapacityChunks = 200_000;

    /// <summary>Stores three times what the arena holds, tells what the process takes, and ends when its input does.</summary>
    public static int Run()
    {
        var layout = KvLayout.Uniform("Llama-3.1-8B", "1", KvType.BFloat16, layers: 32, kvHeads: 8, headDimension: 128);
        var segments = layout.Shapes[0].Segments;
        using var node = new SimulatedNode((long)CapacityChunks * layout.Shapes[0].PayloadBytes(layout.ChunkTokens));
        layout = node.Register(layout);
        var lengths = PromptLengths.Read();
        for (var i = 0; node.Node.Counters.ChunksCommitted < 3 * CapacityChunks; i++)
            node.Store(layout, lengths[i % lengths.Length], () => Checksums(segments));
        var chunks = node.Node.Snapshot().Chunks;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"ready {PrivateResidentBytes()} {chunks}"));
        while (Console.In.ReadLine() is not null)
        {
        }

        return 0;
    }

    private static ulong[] Checksums(int segments)
    {
        var checksums = new ulong[segments];
        Array.Fill(checksums, 1UL);
        return checksums;
    }

    /// <summary>VmRSS less RssShmem, which is what the two memfds take (proc(5)).</summary>
    private static long PrivateResidentBytes()
    {
        var kibibytes = File.ReadLines("/proc/self/status").Select(line => line.Split((char[])[':', ' ', '\t'],
                StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words is ["VmRSS" or "RssShmem", ..])
            .ToDictionary(words => words[0], words => long.Parse(words[1], CultureInfo.InvariantCulture));
        return (kibibytes["VmRSS"] - kibibytes["RssShmem"]) * 1024;
    }
}
