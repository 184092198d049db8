using System.Threading.Channels;

namespace PrefixCache.Core.Tiers.Gpu;

/// <summary>A thread that moves blocks between host and device: the copy of one runs while the next is prepared.</summary>
/// <typeparam name="TJob">What is to be moved.</typeparam>
internal abstract class GpuMover<TJob> : IDisposable
{
    /// <summary>Copies under way at a time: the device always has the next one.</summary>
    private const int Depth = 3;

    private readonly Channel<TJob> _queue;
    private readonly Queue<TJob> _underWay = new();
    private readonly Thread _thread;
    private int _pending;

    protected GpuMover(string name, int maxQueued)
    {
        _queue = Channel.CreateBounded<TJob>(maxQueued);
        _thread = new Thread(Run) { IsBackground = true, Name = "gpu " + name };
    }

    /// <summary>Jobs that are queued or under way.</summary>
    public int Pending => Volatile.Read(ref _pending);

    public void Start() => _thread.Start();

    /// <summary>Does not wait; false when the queue is full or the node stops.</summary>
    public bool TryAdd(TJob job)
    {
        Interlocked.Increment(ref _pending);
        if (_queue.Writer.TryWrite(job)) return true;
        Interlocked.Decrement(ref _pending);
        return false;
    }

    /// <summary>Ends what is queued and under way; nothing is copied afterwards.</summary>
    public void Dispose()
    {
        _queue.Writer.TryComplete();
        if (_thread.ThreadState.HasFlag(ThreadState.Unstarted)) return;
        _thread.Join();
    }

    /// <summary>Queues the job's copies. Does not throw.</summary>
    /// <returns>False when it is over already.</returns>
    protected abstract bool Begin(TJob job);

    /// <summary>Waits for the job's copies and ends it. Does not throw.</summary>
    protected abstract void Finish(TJob job);

    private void Run()
    {
        var reader = _queue.Reader;
        while (_underWay.Count > 0 || reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            if (_underWay.Count < Depth && reader.TryRead(out var job))
            {
                if (Begin(job)) _underWay.Enqueue(job);
                else Interlocked.Decrement(ref _pending);
            }
            else
            {
                Finish(_underWay.Dequeue());
                Interlocked.Decrement(ref _pending);
            }
        }
    }
}
