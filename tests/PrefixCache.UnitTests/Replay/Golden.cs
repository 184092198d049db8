using System.Text.Json;
using PrefixCache.Core.Replay;
using PrefixCache.Core.Replay.Traces;

namespace PrefixCache.UnitTests.Replay;

/// <summary>Mooncake's conversation trace, and the exact counts that a flat LRU has on it.</summary>
internal static class Golden
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Replay", "Data");

    private static readonly Lazy<ReplayWorkload> Loaded =
        new(() => new ReplayWorkload(TraceFile.Load(Path.Combine(Folder, "conversation_trace.jsonl.gz"))));

    /// <summary>Loaded once for all tests.</summary>
    public static ReplayWorkload Workload => Loaded.Value;

    /// <summary>Every mode and capacity.</summary>
    public static IReadOnlyList<GoldenCounts> All { get; } = [.. Read()];

    private static IEnumerable<GoldenCounts> Read()
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "conversation_lru_golden.json")));
        var trace = json.RootElement.GetProperty("conversation_trace");
        foreach (var mode in Enum.GetValues<ReplayMode>())
        {
            foreach (var row in trace.GetProperty(mode.ToString().ToLowerInvariant()).EnumerateObject())
            {
                var capacity = row.Name == "inf" ? long.MaxValue : long.Parse(row.Name);
                yield return new GoldenCounts(mode, capacity, Count("hit_blocks"), Count("total_blocks"), Count("hit_tokens"),
                    Count("total_tokens"), Count("evictions"));

                long Count(string name) => row.Value.GetProperty(name).GetInt64();
            }
        }
    }
}
