namespace PrefixCache.Server.Endpoints;

/// <summary>Counts the transfers that run, so that sessions outlive them when the node drains. Thread-safe.</summary>
internal sealed class WorkInFlight
{
    private readonly Lock _gate = new();
    private int _count;
    private TaskCompletionSource? _idle;

    public Scope Begin()
    {
        lock (_gate) _count++;
        return new Scope(this);
    }

    /// <summary>Ends as soon as nothing runs.</summary>
    public Task WhenIdle()
    {
        lock (_gate)
        {
            if (_count == 0) return Task.CompletedTask;
            _idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _idle.Task;
        }
    }

    private void End()
    {
        TaskCompletionSource? idle = null;
        lock (_gate)
        {
            if (--_count == 0) (idle, _idle) = (_idle, null);
        }

        idle?.SetResult();
    }

    public readonly struct Scope(WorkInFlight work) : IDisposable
    {
        public void Dispose() => work.End();
    }
}
