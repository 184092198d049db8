using PrefixCache.Core.Sessions;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Core.Transfers;

/// <summary>Chunks that are being read. Their blocks stay in place until it is disposed, whatever becomes of the reservation.</summary>
public sealed class RetrieveTransfer : IDisposable
{
    private readonly NodeState _state;
    private int _disposed;

    internal RetrieveTransfer(NodeState state, KvLayout layout, ShardShape shape, IReadOnlyList<ChunkRead> chunks, Session owner)
    {
        _state = state;
        Layout = layout;
        Shape = shape;
        Chunks = chunks;
        OwnerEnded = owner.Ended;
        state.BeginTransfer();
    }

    public KvLayout Layout { get; }

    public ShardShape Shape { get; }

    /// <summary>In rising position.</summary>
    public IReadOnlyList<ChunkRead> Chunks { get; }

    /// <summary>Cancelled when the scheduler's session ends.</summary>
    public CancellationToken OwnerEnded { get; }

    /// <summary>Nothing is sent without checksums: a block whose writer supplied none, and that is not sealed yet, gets them now.</summary>
    public void Seal(in ChunkRead chunk) => _state.Sealer.SealLeased(chunk.Node, chunk.Block);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        lock (_state.Gate)
        {
            foreach (var chunk in Chunks) chunk.Node.Tree.Store.Unlease(chunk.Node);
            _state.EndTransfer();
        }
    }
}
