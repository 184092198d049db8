namespace PrefixCache.Grpc.Server;

/// <summary>The calls that are running, as a list linked through the calls themselves: entering costs no allocation.</summary>
/// <remarks>Thread-safe. Runs no foreign code under its lock.</remarks>
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

    /// <summary>
    /// The calls that are running now. They may end at any moment: only <see cref="ResponseStream.AbortAsync"/> is safe on them.
    /// </summary>
    public IReadOnlyList<ServerCall> Snapshot()
    {
        var calls = new List<ServerCall>();
        lock (_lock)
        {
            for (var call = _first; call is not null; call = call.Next)
                calls.Add(call);
        }

        return calls;
    }

    private void CompleteIfIdleUnsynchronized()
    {
        if (_closed && Count == 0)
            _idle.TrySetResult();
    }
}
