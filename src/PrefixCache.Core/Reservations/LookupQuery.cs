using PrefixCache.Core.Planning;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Sharing;
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

    /// <summary>Redis is asked for what the host tier lacks, if it was not yet.</summary>
    internal bool AsksRedis { get; init; }

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

/// <summary>The answer: chunk positions follow from the counts.</summary>
/// <param name="Reservation">Names the reservation.</param>
/// <param name="TotalTokens">Tokens of the reservation.</param>
/// <param name="HitTokens">Leading tokens that can be retrieved, aligned.</param>
/// <param name="ChunkTokens">Tokens of a whole chunk.</param>
/// <param name="IsNew">The lookup made the reservation: nobody knows of it before the answer arrives.</param>
public readonly record struct LookupAnswer(ulong Reservation, int TotalTokens, int HitTokens, int ChunkTokens, bool IsNew = false)
{
    /// <summary>Leading tokens that will be a hit when what is pending has come, aligned; no less than the hit.</summary>
    public int PendingTokens { get; init; } = HitTokens;

    /// <summary>Ends when it is time to ask again. Null = this is the answer, whatever is pending.</summary>
    internal Task? Changed { get; init; }

    /// <summary>What was decided on what Redis has.</summary>
    internal LoadDecision Redis { get; init; }

    /// <summary>What is pending comes from Redis, or some of it.</summary>
    public bool IsLoading { get; init; }

    /// <summary>Ends when Redis has answered; it is worth waiting for within the lookup's budget.</summary>
    internal Task? Searching { get; init; }

    /// <summary>This is the answer, whatever is pending.</summary>
    internal bool IsFinal => Changed is null;

    /// <summary>Where the hit lies, per shard that was asked for; empty when it cannot be mapped or there is none.</summary>
    public IReadOnlyList<LocatedShard> Located { get; init; } = [];

    /// <summary>How much of the hit to load, and why.</summary>
    public LoadPlan Plan { get; init; }

    /// <summary>Why the rest is no hit, from the position on where the hit ends; empty when all is.</summary>
    public IReadOnlyList<MissRun> Misses { get; init; } = [];
}
