using PrefixCache.Core.Index;
using PrefixCache.Core.Planning;

namespace PrefixCache.Core.Tiers.Redis;

/// <summary>What Redis was asked for one reservation, and the chunks that are being loaded for it.</summary>
/// <remarks>Protected by the node's lock, but for <see cref="Found"/>.</remarks>
internal sealed class RedisSearch(NamespaceTree tree, int promptTokens)
{
    private readonly TaskCompletionSource _found = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>It is asked for again when the namespace was cleared, or the request has more tokens.</summary>
    public bool IsFor(NamespaceTree now, int tokens) => now == tree && tokens == promptTokens;

    public NamespaceTree Tree => tree;

    /// <summary>Ends when Redis has answered, or failed to, and what is to be loaded is queued.</summary>
    public Task Found => _found.Task;

    /// <summary>It did not answer in time, or is away: what the host tier lacks may be there.</summary>
    public bool IsUnanswered { get; set; } = true;

    /// <summary>Leading tokens of the prompt that Redis was found to have, with the host tier's before them.</summary>
    public int FoundTokens { get; set; }

    /// <summary>Leading tokens that will be a hit when what is being loaded has come; less when some of it fails.</summary>
    public int EndTokens { get; set; }

    /// <summary>What the lookup weighs; null = what is there is loaded.</summary>
    public LoadQuestion? Question { get; init; }

    /// <summary>Whether what Redis has is worth loading; of tier None while nothing was found.</summary>
    public LoadDecision Decision { get; set; }

    /// <summary>Chunks that are still to come.</summary>
    public int Left { get; set; }

    /// <summary>Nobody waits for it any more: what is queued for it alone is dropped.</summary>
    public bool IsOver { get; set; }

    /// <summary>Called under the node's lock when a chunk has come or failed.</summary>
    public Action? Progress { get; set; }

    public bool IsPending => Left > 0 && !IsOver;

    public void Answered() => _found.TrySetResult();
}
