namespace PrefixCache.Core.Tiers.Gpu;

/// <summary>Chunks that a request wants, which the host tier had to give up and a device still has: they are copied back for it.</summary>
/// <remarks>Protected by the node's lock, but for <see cref="Done"/>.</remarks>
/// <param name="progress">Called under the lock when a chunk has come or failed.</param>
internal sealed class GpuReturn(Action progress)
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends with the last chunk.</summary>
    public Task Done => _done.Task;

    /// <summary>Chunks that are still to come.</summary>
    public int Left { get; set; }

    /// <summary>Leading tokens that will be a hit when they have come; less when one fails.</summary>
    public int EndTokens { get; set; }

    public bool IsPending => Left > 0;

    /// <param name="isThere">The chunk is in the host tier again.</param>
    /// <param name="firstToken">Its first one, in the prompt.</param>
    public void Came(bool isThere, int firstToken)
    {
        if (!isThere) EndTokens = Math.Min(EndTokens, firstToken);
        if (--Left == 0) _done.TrySetResult();
        progress();
    }
}
