using PrefixCache.Core.Sessions;

namespace PrefixCache.Core.Transfers;

/// <summary>Chunks that are being written. What is not committed when it is disposed leaves no trace.</summary>
/// <remarks>Used by one writer, who must have stopped writing before it disposes.</remarks>
public sealed class StoreTransfer : IDisposable
{
    private readonly NodeState _state;
    private readonly int _shard;
    private bool _disposed;

    internal StoreTransfer(
        NodeState state, int shard, IReadOnlyList<StoreDecision> decisions, IReadOnlyList<ChunkWrite> writes, Session owner)
    {
        _state = state;
        _shard = shard;
        Decisions = decisions;
        Writes = writes;
        OwnerEnded = owner.Ended;
        state.BeginTransfer();
    }

    /// <summary>One per offer, in its order.</summary>
    public IReadOnlyList<StoreDecision> Decisions { get; }

    /// <summary>The wanted chunks, in rising position.</summary>
    public IReadOnlyList<ChunkWrite> Writes { get; }

    /// <summary>Cancelled when the scheduler's session ends.</summary>
    public CancellationToken OwnerEnded { get; }

    /// <summary>Makes a whole block the chunk's shard.</summary>
    /// <param name="checksums">XXH3-64 of each segment of the block as it is now.</param>
    public StoreOutcome Commit(ChunkWrite write, ulong[] checksums)
    {
        ObjectDisposedException.ThrowIf(write.IsClosed, write);
        long bytes = write.Block.Payload.Length;
        lock (_state.Gate)
        {
            write.IsClosed = true;
            if (_state.Store.TryAttach(write.Node, _shard, write.Block, checksums))
            {
                _state.Counters.Committed(bytes);
                return StoreOutcome.Committed;
            }

            if (write.Node.IsDetached) return StoreOutcome.Cleared;
        }

        _state.Counters.Duplicate();
        return StoreOutcome.Duplicate;
    }

    public void Dispose()
    {
        lock (_state.Gate)
        {
            if (_disposed) return;
            _disposed = true;

            // Last first: a parent can go only after its children.
            for (var i = Writes.Count - 1; i >= 0; i--)
            {
                if (Writes[i].IsClosed) continue;
                Writes[i].IsClosed = true;
                _state.Store.Abandon(Writes[i].Node, Writes[i].Block);
                _state.Counters.Aborted();
            }

            _state.EndTransfer();
        }
    }
}
