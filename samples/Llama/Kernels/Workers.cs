namespace PrefixCache.Samples.Llama.Kernels;

/// <summary>Runs independent items on a fixed number of threads; which thread takes which item never changes a result.</summary>
internal sealed class Workers
{
    public Workers(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        Threads = threads;
    }

    public int Threads { get; }

    /// <summary>
    /// Calls <paramref name="body"/>(worker, item) once for every item; workers are numbered below <see cref="Threads"/>.
    /// </summary>
    public void Run(int items, Action<int, int> body)
    {
        int threads = Math.Min(Threads, items);
        if (threads <= 1)
        {
            for (int item = 0; item < items; item++) body(0, item);
            return;
        }
        int next = -1;
        Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, worker =>
        {
            for (int item = Interlocked.Increment(ref next); item < items; item = Interlocked.Increment(ref next)) body(worker, item);
        });
    }
}
