using PrefixCache.Core.Index;
using PrefixCache.Core.Replay;
using PrefixCache.Core.Replay.Traces;

namespace PrefixCache.Cli.Replay;

/// <summary>What `prefixcache replay` was asked for.</summary>
internal sealed record ReplayOptions
{
    /// <summary>A file's name that means standard output.</summary>
    public const string StandardOutput = "-";

    /// <summary>What a generated workload's name begins with, in place of a file.</summary>
    public const string Generated = "generated:";

    public required string Trace { get; init; }

    /// <summary>Of a generated workload.</summary>
    public int Seed { get; init; } = 1;

    public TraceFormat? Format { get; init; }

    public int Limit { get; init; } = int.MaxValue;

    public IReadOnlyList<string> Policies { get; init; } = ReplayPolicies.Default;

    /// <summary>Empty = parts of what the trace asks for.</summary>
    public IReadOnlyList<ReplayCapacity> Capacities { get; init; } = [];

    public IReadOnlyList<ReplayMode> Modes { get; init; } = [ReplayMode.All];

    public AdmissionMode Admission { get; init; }

    /// <summary>0 = as the trace has them.</summary>
    public int ChunkTokens { get; init; }

    /// <summary>0 = not known.</summary>
    public long BytesPerToken { get; init; }

    public int Nodes { get; init; } = 1;

    public ReplayRouting Routing { get; init; }

    /// <summary>Every step of the exact curve goes into JSON and CSV.</summary>
    public bool Curve { get; init; }

    /// <summary>Null = not wanted.</summary>
    public string? Json { get; init; }

    public string? Csv { get; init; }

    public string? Svg { get; init; }

    public bool Quiet { get; init; }

    /// <summary>Standard output is for a program to read.</summary>
    public bool IsPiped => Json == StandardOutput || Csv == StandardOutput;
}
