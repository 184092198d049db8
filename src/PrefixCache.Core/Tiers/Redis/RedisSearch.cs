using PrefixCache.Core.Index;
using PrefixCache.Core.Planning;

namespace PrefixCache.Core.Tiers.Redis;

/// <summary>What Redis was asked for one reservation, and the chunks that are being loaded for it.</summary>
/// <remarks>Protected by the node's lock, but for <see cref="Found"/>.</remarks>
/// <param name="question">Who asks, so that it can be weighed whether to load; null = what is there is wanted.</param>
internal sealed class RedisSearch(NamespaceTree tree, int promptTokens, LoadQuestion? question)
{
    private readonly TaskCompletionSource _found = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>It is asked for again when the namespace was cleared, or the request has more tokens.</summary>
    public bool IsFor(NamespaceTree now, int tokens) => now == tree && tokens == promptTokens;

    public NamespaceTree Tree => tree;

    public LoadQuestion? Question => question;

    /// <summary>Whether what was found is loaded.</summary>
    public LoadDecision Decision { get; set; }

    /// <summary>Leading tokens that Redis has and that are not all to be loaded; 0 = what it has is loaded.</summary>
    public int NotLoadedEnd => Decision.LoadEnd < Decision.EndToken ? Decision.EndToken : 0;

    /// <summary>Ends when Redis has answered, or failed to, and what is to be loaded is queued.</summary>
    public Task Found => _found.Task;

    /// <summary>It did not answer in time, or is away: what the host tier lacks may be there.</summary>
    public bool IsUnanswered { get; set; } = true;

    /// <summary>Leading tokens that will be a hit when what is being loaded has come; less when some of it fails.</summary>
    public int EndTokens { get; set; }

    /// <summary>Chunks that are still to come.</summary>
    public int Left { get; set; }

    /// <summary>Of the chunks that have come.</summary>
    public long Bytes { get; set; }

    /// <summary>Time stamp of when the loads were queued.</summary>
    public long Queued { get; set; }

    /// <summary>Nobody waits for it any more: what is queued for it alone is dropped.</summary>
    public bool IsOver { get; set; }

    /// <summary>Called under the node's lock when a chunk has come or failed.</summary>
    public Action? Progress { get; set; }

    public bool IsPending => Left > 0 && !IsOver;

    /// <summary>Tokens of a hit that were brought for this request.</summary>
    public int TokensBrought(int hit) => question is { } asked && EndTokens > 0 ? Math.Max(Math.Min(hit, EndTokens) - asked.HitTokens, 0) : 0;

    /// <summary>The chunk was loaded whole, or not.</summary>
    /// <param name="bytes">Read for it.</param>
    /// <param name="firstToken">Its first one, in the prompt.</param>
    public void Came(bool isThere, long bytes, int firstToken)
    {
        Left--;
        Bytes += bytes;

        // What would come behind it serves nobody.
        if (!isThere) EndTokens = Math.Min(EndTokens, firstToken);
        Progress?.Invoke();
    }

    /// <summary>When the last chunk has come: what all of them had, for the one caller who reports it.</summary>
    /// <returns>Bytes; 0 = there is nothing to report, or somebody else does.</returns>
    public long TakeMoved()
    {
        if (Left > 0) return 0;
        var bytes = Bytes;
        Bytes = 0;
        return bytes;
    }

    public void Answered() => _found.TrySetResult();
}
