using PrefixCache.Core.Planning;
using PrefixCache.Core.Sessions;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Core.Reservations;

/// <summary>What a scheduler asks of a token sequence.</summary>
/// <param name="ComputedTokens">Leading tokens whose KV the engine has already.</param>
/// <param name="AlignTokens">The engine's block size; 0 and 1 = any length.</param>
public readonly record struct LookupQuery(
    Session Session, string RequestId, KvLayout Layout, string Salt, string Adapter, int ComputedTokens, int AlignTokens)
{
    /// <summary>Shards whose hit is to be located in the arena, if the session's process holds it.</summary>
    public IReadOnlyList<int> LocateShards { get; init; } = [];

    /// <summary>Leading tokens of which KV may be kept; null = all.</summary>
    public int? StoreLimit { get; init; }

    /// <summary>A reservation of the instance whose tokens come before those that are given; 0 = none.</summary>
    public ulong Parent { get; init; }

    /// <summary>How many of the parent's tokens; 0 = all.</summary>
    public int ParentTokens { get; init; }

    /// <summary>Devices and Redis are asked for what the host tier lacks, if they were not yet.</summary>
    internal bool AsksTiers { get; init; }

    /// <summary>Whether to weigh loading against computing; null = as the node is set.</summary>
    public LoadMode? LoadMode { get; init; }

    /// <summary>An answer with something pending is not given yet: it counts as none, and says when to ask again.</summary>
    internal bool Waits { get; init; }

    /// <summary>The reservation that the same call asked for before; 0 = it asks for the first time.</summary>
    internal ulong Resumes { get; init; }

    /// <summary>What is to be weighed for it.</summary>
    internal LoadQuestion Question(int hitTokens) =>
        new(Layout, Session.Process is null ? LoadSource.Stream : LoadSource.SharedMemory, ComputedTokens, hitTokens)
        {
            AlignTokens = AlignTokens,
            Mode = LoadMode,
        };
}
