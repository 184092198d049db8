namespace PrefixCache.Core.Claims;

/// <summary>Wakes everybody who waits now; who waits later waits for the next time.</summary>
/// <remarks>
/// Protected by the node's lock, under which it may be pulsed: waiters go on in the thread pool, never inside <see cref="Pulse"/>. Who took
/// <see cref="Next"/> under the same hold in which he saw that there is something to wait for misses nothing.
/// </remarks>
internal sealed class AsyncSignal
{
    private TaskCompletionSource? _source;

    /// <summary>Ends with the next pulse.</summary>
    public Task Next => (_source ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    public void Pulse()
    {
        var source = _source;
        _source = null;
        source?.TrySetResult();
    }
}
