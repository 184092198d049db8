using System.Threading.Channels;
using PrefixCache.Core.Index;
using PrefixCache.Core.Memory;
using PrefixCache.Core.Tokens;
using PrefixCache.Format.Hashing;
using PrefixCache.Format.Keys;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Core.Blocks;

/// <summary>Makes branch points in the background: the first tokens of a complete chunk, copied into blocks of their own.</summary>
/// <remarks>
/// The source is leased from the moment that it is queued. It is sealed first and compared with its checksums, so that damage is not copied
/// under new ones. The node's lock is not held while it is hashed and copied. One at a time; the queue is short, for each entry keeps a
/// chunk in place.
/// </remarks>
internal sealed class BranchPointCopier : IDisposable
{
    private const int MaxQueued = 64;

    private readonly NodeState _state;
    private readonly Channel<Job> _queue = Channel.CreateBounded<Job>(new BoundedChannelOptions(MaxQueued) { SingleReader = true });

    public BranchPointCopier(NodeState state)
    {
        _state = state;
        _ = Task.Run(CopyAllAsync);
    }

    /// <summary>Branch points in the making. Changed under the node's lock.</summary>
    public int Pending { get; private set; }

    /// <summary>Called under the node's lock; does not wait.</summary>
    /// <returns>False when the queue is full.</returns>
    public bool TryAdd(ChunkNode source, int tokens)
    {
        if (!_queue.Writer.TryWrite(new Job(source, tokens))) return false;
        Pending++;
        source.Tree.Store.Lease(source);
        return true;
    }

    public void Dispose() => _queue.Writer.TryComplete();

    private async Task CopyAllAsync()
    {
        await foreach (var job in _queue.Reader.ReadAllAsync()) Copy(job);
    }

    private void Copy(Job job)
    {
        if (Begin(job) is not { } text) return;
        using (text)
        {
            var copies = job.Source.IsDetached ? [] : Take(job, text, Key(job.Source, text));
            var checksums = new ulong[]?[copies.Count];
            for (var i = 0; i < checksums.Length; i++) checksums[i] = CopyBlock(job.Source, copies[i]);
            End(job, copies, checksums);
        }
    }

    /// <summary>The run's tokens; null when the node has stopped.</summary>
    private TokenBuffer? Begin(Job job)
    {
        lock (_state.Gate)
        {
            if (_state.IsDisposed) return null;
            _state.BeginTransfer();

            // Cleared meanwhile: its tokens are gone.
            if (job.Source.IsDetached) return new TokenBuffer(0);
            var run = job.Source.Text.Cut(job.Tokens);
            var text = new TokenBuffer(run.Count, run.OwnItems());
            run.Bytes.CopyTo(text.Memory.Span);
            return text;
        }
    }

    private ChunkKey Key(ChunkNode source, TokenBuffer text)
    {
        _state.Counters.Hashed(text.Count);
        var run = text.Text(0, text.Count);
        return ChunkKeys.Next(source.Parent?.Key ?? source.Tree.Root, run.Bytes, run.EncodeItems());
    }

    /// <summary>Memory for every shard of the branch point; none when it is not wanted any more or cannot be had.</summary>
    private List<BlockCopy> Take(Job job, TokenBuffer text, in ChunkKey key)
    {
        var (source, tree, store) = (job.Source, job.Source.Tree, job.Source.Tree.Store);
        var copies = new List<BlockCopy>(source.Shards.Length);
        lock (_state.Gate)
        {
            var run = text.Text(0, text.Count);
            if (tree.IsDetached || source.Parent is { IsGhost: true } || tree.Find(source.Parent, run) is { IsGhost: false }) return copies;
            if (tree.GetOrAdd(source.Parent, run, key) is not { } node) return copies;
            var isPlaced = store.Branches!.TryPlace(node);
            for (var shard = 0; isPlaced && shard < source.Shards.Length; shard++)
            {
                var shape = tree.Layout.Shapes[shard];
                node.Writers++;
                if (store.TryAllocate(shape, new SizeClass(shape.BytesPerToken, run.Count, tree.Layout.ChunkTokens)) is { } block)
                {
                    copies.Add(new BlockCopy(node, shard, source.Shards[shard]!, block));
                    continue;
                }

                node.Writers--;
                foreach (var copy in copies) store.Abandon(node, copy.Target);
                copies.Clear();
                break;
            }

            store.RemoveIfEmpty(node);
            return copies;
        }
    }

    /// <summary>Checksums of the copy; null when the source does not fit its own.</summary>
    private ulong[]? CopyBlock(ChunkNode source, in BlockCopy copy)
    {
        _state.Sealer.SealLeased(source, copy.Source);
        var from = copy.Source.Payload.Span;
        var to = copy.Target.Payload.Span;
        var shape = copy.Source.Shape;
        var (whole, run) = (ChunkSlice.Whole(shape, copy.Source.Tokens), ChunkSlice.Whole(shape, copy.Target.Tokens));
        var checksums = new ulong[shape.Segments];
        for (var segment = 0; segment < checksums.Length; segment++)
        {
            var (offset, length) = whole.Run(segment);
            var bytes = from.Slice(offset, length);
            if (Xxh3.Hash64(bytes) != copy.Source.Checksums[segment]) return null;
            var (start, count) = run.Run(segment);
            var target = to.Slice(start, count);
            bytes[..count].CopyTo(target);
            checksums[segment] = Xxh3.Hash64(target);
        }

        return checksums;
    }

    private void End(Job job, List<BlockCopy> copies, ulong[]?[] checksums)
    {
        lock (_state.Gate)
        {
            var store = job.Source.Tree.Store;
            var isSound = copies.Count > 0 && Array.TrueForAll(checksums, sums => sums is not null);
            var isMade = isSound;
            for (var i = 0; i < copies.Count; i++)
            {
                if (isSound) isMade &= store.TryAttach(copies[i].Node, copies[i].Shard, copies[i].Target, checksums[i]!);
                else store.Abandon(copies[i].Node, copies[i].Target);
            }

            if (isMade) store.Branches!.Made(copies[0].Node);
            else _state.Counters.BranchPointDropped();
            store.Unlease(job.Source);
            Pending--;
            _state.EndTransfer();
        }
    }

    private readonly record struct Job(ChunkNode Source, int Tokens);

    private readonly record struct BlockCopy(ChunkNode Node, int Shard, Block Source, Block Target);
}
