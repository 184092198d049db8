using System.Threading.Channels;
using PrefixCache.Core.Index;

namespace PrefixCache.Core.Blocks;

/// <summary>Computes, in the background, the checksums of blocks whose writers supplied none.</summary>
/// <remarks>
/// One task, one block at a time; the block is leased while it is hashed, and the lock is not held. The queue is bounded: what finds no
/// place stays unsealed until somebody wants to send it (<see cref="SealLeased"/>).
/// </remarks>
internal sealed class BlockSealer : IDisposable
{
    private const int MaxQueued = 65_536;

    private readonly NodeState _state;
    private readonly Channel<UnsealedBlock> _queue = Channel.CreateBounded<UnsealedBlock>(
        new BoundedChannelOptions(MaxQueued) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });

    public BlockSealer(NodeState state)
    {
        _state = state;
        _ = Task.Run(SealAllAsync);
    }

    /// <summary>Called under the node's lock; does not wait.</summary>
    public void Add(in UnsealedBlock block) => _queue.Writer.TryWrite(block);

    public void Dispose() => _queue.Writer.TryComplete();

    private async Task SealAllAsync()
    {
        await foreach (var block in _queue.Reader.ReadAllAsync()) Seal(block);
    }

    /// <summary>Seals a block that the caller has leased, unless it is sealed already.</summary>
    public void SealLeased(ChunkNode node, Block block)
    {
        if (block.IsSealed) return;
        var checksums = block.ComputeChecksums();
        lock (_state.Gate)
        {
            if (!block.IsSealed) node.Tree.Store.Tier.Seal(block, checksums);
        }
    }

    private void Seal(in UnsealedBlock unsealed)
    {
        var (node, shard, block) = unsealed;
        lock (_state.Gate)
        {
            if (_state.IsDisposed || node.Shards[shard] != block || block.IsSealed) return;
            node.Tree.Store.Lease(node);
            _state.BeginTransfer();
        }

        SealLeased(node, block);
        lock (_state.Gate)
        {
            node.Tree.Store.Unlease(node);
            _state.EndTransfer();
        }
    }
}
