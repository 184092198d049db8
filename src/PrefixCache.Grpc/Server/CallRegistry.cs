namespace PrefixCache.Grpc.Server;

/// <summary>The calls that are running, as a list linked through the calls themselves: entering costs no allocation.</summary>
/// <remarks>Thread-safe. A call in here has a live HTTP context: <see cref="Remove"/> takes the lock before the context goes.</remarks>
internal sealed class CallRegistry
{
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ServerCall? _first;
    private bool _closed;

    /// <summary>How many calls are running.</summary>
    public int Count { get; private set; }

    /// <summary>Ends when the registry is closed and empty.</summary>
    public Task Idle => _idle.Task;

    /// <summary>Enters a call; false when the server drains.</summary>
    public bool TryAdd(ServerCall call)
    {
        lock (_lock)
        {
            if (_closed)
                return false;
            call.Next = _first;
            _first?.Previous = call;
            _first = call;
            Count++;
            return true;
        }
    }

    public void Remove(ServerCall call)
    {
        lock (_lock)
        {
            if (call.Previous is null)
                _first = call.Next;
            else
                call.Previous.Next = call.Next;
            call.Next?.Previous = call.Previous;
            call.Next = call.Previous = null;
            Count--;
            CompleteIfIdleUnsynchronized();
        }
    }

    /// <summary>Admits no more calls.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
            CompleteIfIdleUnsynchronized();
        }
    }

    /// <summary>The calls that are running now. They may end at any moment; only what is safe on an ended call may be done to them.</summary>
    public IReadOnlyList<ServerCall> Snapshot()
    {
        var calls = new List<ServerCall>();
        ForEach(calls.Add);
        return calls;
    }

    /// <summary>Runs an action on every call; it must neither block nor run a handler's code, for the lock is held.</summary>
    public void ForEach(Action<ServerCall> action)
    {
        lock (_lock)
        {
            for (var call = _first; call is not null; call = call.Next)
                action(call);
        }
    }

    private void CompleteIfIdleUnsynchronized()
    {
        if (_closed && Count == 0)
            _idle.TrySetResult();
    }
}
