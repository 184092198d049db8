using PrefixCache.Core.Planning;
using PrefixCache.Core.Sharing;

namespace PrefixCache.Core.Reservations;

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

    /// <summary>Where what is pending comes from; None = another request computes it, or nothing is pending.</summary>
    public CacheTier PendingTier { get; init; }

    /// <summary>Ends when another tier has answered; it is worth waiting for within <see cref="SearchBudget"/>.</summary>
    internal Task? Searching { get; init; }

    internal TimeSpan SearchBudget { get; init; }

    /// <summary>It is Redis.</summary>
    internal bool IsRedisAsked { get; init; }

    /// <summary>This is the answer, whatever is pending.</summary>
    internal bool IsFinal => Changed is null;

    /// <summary>Where the hit lies, per shard that was asked for; empty when it cannot be mapped or there is none.</summary>
    public IReadOnlyList<LocatedShard> Located { get; init; } = [];

    /// <summary>A chunk of the hit lies on the session's device, with every shard that was asked for.</summary>
    public bool IsOnGpu(int position)
    {
        for (var i = 0; i < Located.Count; i++)
            if (Located[i].Gpu?.Has(position) != true) return false;
        return Located.Count > 0;
    }

    /// <summary>Leading tokens of the hit that lie on the session's device, of every shard that was asked for.</summary>
    internal int GpuTokens
    {
        get
        {
            var chunks = Located.Count == 0 ? 0 : Located.Min(located => located.Gpu?.Leading ?? 0);
            return Math.Min(chunks * ChunkTokens, HitTokens);
        }
    }

    /// <summary>Tokens of the hit that lie on the session's device, with or without gaps.</summary>
    internal int TokensOnGpu
    {
        get
        {
            var tokens = 0;
            if (Located.Count == 0 || Located[0].Gpu is not { } gpu) return 0;
            foreach (var block in gpu.Blocks)
                if (IsOnGpu(block.Position)) tokens += Math.Min(ChunkTokens, HitTokens - (block.Position * ChunkTokens));
            return tokens;
        }
    }

    /// <summary>How much of the hit to load, and why.</summary>
    public LoadPlan Plan { get; init; }

    /// <summary>Why the rest is no hit, from the position on where the hit ends; empty when all is.</summary>
    public IReadOnlyList<MissRun> Misses { get; init; } = [];
}
