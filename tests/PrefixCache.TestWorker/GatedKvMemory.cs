using PrefixCache.Client.Memory;

namespace PrefixCache.TestWorker;

/// <summary>KV memory that stops a transfer at one token of one segment until it is let go on, or its process is killed.</summary>
/// <remarks>Blocks the transfer's thread; the gate opens once and for good.</remarks>
public sealed class GatedKvMemory(IKvMemory inner, int gateToken, int gateSegment = 0) : IKvMemory, IDisposable
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ManualResetEventSlim _open = new();

    /// <summary>Ends when the transfer stands at the gate.</summary>
    public Task Reached => _reached.Task;

    public void Open() => _open.Set();

    public KvTile GetTile(int segment, int firstToken, int tokens)
    {
        if (firstToken >= gateToken && segment >= gateSegment)
        {
            _reached.TrySetResult();
            _open.Wait();
        }

        return inner.GetTile(segment, firstToken, tokens);
    }

    public void Dispose() => _open.Dispose();
}
