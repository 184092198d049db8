using PrefixCache.Core.Index;

namespace PrefixCache.Core.Replay;

/// <summary>What one run of a replay simulates.</summary>
public sealed record ReplaySetup
{
    /// <summary>One of <see cref="ReplayPolicies.Names"/>.</summary>
    public string Policy { get; init; } = "lru";

    /// <summary>Of each node.</summary>
    public ReplayCapacity Capacity { get; init; } = ReplayCapacity.Unlimited;

    public ReplayMode Mode { get; init; }

    public AdmissionMode Admission { get; init; }

    /// <summary>Tokens of a chunk; 0 = as the trace has them, or the node's default where it has tokens.</summary>
    public int ChunkTokens { get; init; }

    /// <summary>KV bytes of one token; 0 = not known, and capacities are in chunks.</summary>
    public long BytesPerToken { get; init; }

    public int Nodes { get; init; } = 1;

    public ReplayRouting Routing { get; init; }

    /// <summary>A run of so many tokens within a chunk is a hit; counts where the trace has tokens.</summary>
    public int MinPartialTokens { get; init; } = new CacheNodeOptions().MinPartialTokens;

    /// <summary>Tokens of evicted chunks that a node remembers.</summary>
    public long MaxGhostTokens { get; init; } = new CacheNodeOptions().MaxGhostTokens;
}
