using PrefixCache.Core.Blocks;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Sharing;

namespace PrefixCache.Core.Transfers;

/// <summary>Chunks that are being written. What is not committed when it is disposed leaves no trace.</summary>
/// <remarks>
/// Used by one writer. Without a <see cref="Grant"/> that is a thread of this process, which must have stopped writing before it disposes.
/// With one it is another process: unless it said that it has stopped (<see cref="WriterStopped"/>), its blocks go to the quarantine.
/// </remarks>
public sealed class StoreTransfer : IDisposable
{
    private readonly NodeState _state;
    private readonly int _shard;
    private readonly Reservation _reservation;
    private volatile bool _writerStopped;
    private bool _disposed;

    internal StoreTransfer(
        NodeState state, int shard, IReadOnlyList<StoreDecision> decisions, IReadOnlyList<ChunkWrite> writes, Reservation reservation)
    {
        _reservation = reservation;
        _state = state;
        _shard = shard;
        Decisions = decisions;
        Writes = writes;
        OwnerEnded = reservation.Owner.Ended;
        state.BeginTransfer();
    }

    /// <summary>One per offer, in its order.</summary>
    public IReadOnlyList<StoreDecision> Decisions { get; }

    /// <summary>The wanted chunks, in rising position.</summary>
    public IReadOnlyList<ChunkWrite> Writes { get; }

    /// <summary>The caller writes into the arena itself; null = its payload comes through the call.</summary>
    public WriteGrant? Grant { get; private set; }

    /// <summary>Cancelled when the scheduler's session ends.</summary>
    public CancellationToken OwnerEnded { get; }

    /// <summary>Called under the node's lock, before anybody else has the transfer.</summary>
    internal void Share(WriteGrant grant)
    {
        Grant = grant;
        grant.Domain.Quarantine.Begin(grant.Id, this);
    }

    /// <summary>The process that holds the grant writes no more, whatever was committed.</summary>
    public void WriterStopped() => _writerStopped = true;

    /// <summary>Makes a whole block the chunk's shard.</summary>
    /// <param name="checksums">XXH3-64 of each segment of the block as it is now; empty = the node computes them later.</param>
    public StoreOutcome Commit(ChunkWrite write, ulong[] checksums)
    {
        ObjectDisposedException.ThrowIf(write.IsClosed, write);
        long bytes = write.Block.PayloadBytes;
        lock (_state.Gate)
        {
            write.IsClosed = true;
            _state.Claims.Progress(_reservation);
            if (write.Node.Tree.Store.TryAttach(write.Node, _shard, write.Block, checksums))
            {
                _state.Counters.Committed(bytes);
                if (checksums.Length == 0) _state.Sealer.Add(new UnsealedBlock(write.Node, _shard, write.Block));
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
            var left = new List<Block>();

            // Last first: a parent can go only after its children.
            for (var i = Writes.Count - 1; i >= 0; i--)
            {
                var write = Writes[i];
                if (write.IsClosed) continue;
                write.IsClosed = true;
                if (Grant is null || _writerStopped)
                {
                    write.Node.Tree.Store.Abandon(write.Node, write.Block);
                }
                else
                {
                    write.Node.Tree.Store.Disown(write.Node);
                    left.Add(write.Block);
                }

                _state.Counters.Aborted();
            }

            Grant?.Domain.Quarantine.End(Grant.Id, Grant.Process, left);
            _state.EndTransfer();
        }
    }
}
