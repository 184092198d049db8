using PrefixCache.Core.Replay;
using PrefixCache.Core.Replay.Curves;
using PrefixCache.Core.Replay.Traces;

namespace PrefixCache.Cli.Replay;

/// <summary>Everything that a replay found out, for those who show or write it.</summary>
/// <param name="Options">As asked.</param>
/// <param name="Workload">The trace.</param>
/// <param name="Runs">By policy, mode and capacity, in the order asked.</param>
internal sealed record ReplayReport(ReplayOptions Options, ReplayWorkload Workload, IReadOnlyList<ReplayResult> Runs)
{
    public ReplayTrace Trace => Workload.Trace;

    /// <summary>Tokens of a whole chunk; of the first request, where namespaces differ.</summary>
    public int ChunkTokens => Workload.Chunks(Setup(Options, Options.Modes[0])).ChunkTokens(0);

    /// <summary>KV bytes of a whole chunk; 0 = not known.</summary>
    public long ChunkBytes => ChunkTokens * Options.BytesPerToken;

    /// <summary>Exact, for every capacity.</summary>
    public LruCurve Curve(ReplayMode mode) => Workload.Curve(Setup(Options, mode));

    /// <summary>What all runs of a mode have in common.</summary>
    public static ReplaySetup Setup(ReplayOptions options, ReplayMode mode) => new()
    {
        Mode = mode,
        Admission = options.Admission,
        ChunkTokens = options.ChunkTokens,
        BytesPerToken = options.BytesPerToken,
        Nodes = options.Nodes,
        Routing = options.Routing,
    };

    /// <summary>The optimum for the same mode and capacity, where it was asked for.</summary>
    public ReplayResult? Optimum(ReplayResult run) => Runs.FirstOrDefault(other => other.Setup.Policy == ReplayPolicies.Belady
        && other.Setup.Mode == run.Setup.Mode && other.Setup.Capacity == run.Setup.Capacity);

    /// <summary>Chunks of a capacity; null = without limit.</summary>
    public double? Blocks(ReplayCapacity capacity) =>
        capacity.IsUnlimited ? null : capacity.IsBytes ? (double)capacity.Amount / ChunkBytes : capacity.Amount;
}
