using System.Runtime.InteropServices;
using System.Threading.Channels;
using PrefixCache.Core.Blocks;
using PrefixCache.Core.Index;
using PrefixCache.Core.Tiers.Redis.Resp;

namespace PrefixCache.Core.Tiers.Redis;

/// <summary>Demotes: writes chunks of the host tier to Redis, in the background, as the write policy says.</summary>
/// <remarks>
/// The queue is bounded and holds no memory but, under on_evict, that of the few chunks that are next to go. A chunk is leased while it is
/// written, and sealed before. What a policy asks is decided under the node's lock; the lock is not held while bytes move.
/// </remarks>
internal sealed class RedisWriter : IAsyncDisposable
{
    /// <summary>Chunks that wait, leased, to be written before they are evicted: more would take the room that is to be freed.</summary>
    private const int MaxRescued = 8;

    private readonly NodeState _state;
    private readonly RedisTier _redis;
    private readonly Channel<ChunkNode> _queue;
    private readonly Task[] _workers;

    /// <summary>Who waits until a chunk is written, or will not be. Protected by the node's lock.</summary>
    private readonly Dictionary<ChunkNode, TaskCompletionSource> _settling = [];

    /// <summary>Chunks that stay until they are written. Protected by the node's lock.</summary>
    private readonly HashSet<ChunkNode> _rescued = [];

    public RedisWriter(NodeState state, RedisTier redis)
    {
        _state = state;
        _redis = redis;
        _queue = Channel.CreateBounded<ChunkNode>(redis.Options.MaxQueued);
        _workers = [.. Enumerable.Range(0, redis.Options.Connections).Select(_ => RedisThread.Start("write", _queue.Reader, Write))];
    }

    public int Queued => _queue.Reader.Count;

    /// <summary>A chunk has become complete. Called under the node's lock.</summary>
    public void Completed(ChunkNode node)
    {
        if (_redis.Options.Write == RedisWritePolicy.Through || node.IsAwaited) Add(node);
    }

    /// <summary>A lookup hit these chunks. Called under the node's lock.</summary>
    public void Used(IReadOnlyList<ChunkNode> path)
    {
        if (_redis.Options.Write is not (RedisWritePolicy.OnReuse or RedisWritePolicy.Through)) return;
        for (var i = 0; i < path.Count; i++)
            if (!path[i].IsWriteQueued && !_redis.IsKnown(path[i])) Add(path[i]);
    }

    /// <summary>Waits until chunks that are about to be written are, or will not be.</summary>
    /// <param name="isAwaited">A request on another node waits for them: they are written whatever the policy says.</param>
    /// <returns>All of them are in Redis.</returns>
    public async Task<bool> SettleAsync(IReadOnlyList<ChunkNode> nodes, bool isAwaited)
    {
        List<Task> settling = [];
        lock (_state.Gate)
        {
            foreach (var node in nodes)
            {
                if (isAwaited && node is { IsComplete: true, IsDetached: false }) Add(node);
                if (!node.IsWriteQueued) continue;
                ref var source = ref CollectionsMarshal.GetValueRefOrAddDefault(_settling, node, out _);
                settling.Add((source ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task);
            }
        }

        await Task.WhenAll(settling);
        lock (_state.Gate) return nodes.All(_redis.IsKnown);
    }

    /// <summary>A chunk is next to be evicted. Called under the node's lock.</summary>
    /// <returns>It stays until it is written.</returns>
    public bool TryRescue(ChunkNode victim)
    {
        if (!IsToBeRescued(victim) || _rescued.Count >= MaxRescued || TryAdd(victim) != RedisDrop.None) return false;
        victim.Tree.Store.Lease(victim);
        return _rescued.Add(victim);
    }

    /// <summary>Nothing else is left to be evicted: one that is not being written yet stays no longer. Called under the node's lock.</summary>
    public bool TryGiveUp(ChunkStore store)
    {
        foreach (var node in _rescued)
        {
            if (node.Tree.Store != store || node is not { Leases: 1, Children: 0, Writers: 0 }) continue;
            _rescued.Remove(node);
            store.Unlease(node);
            return true;
        }

        return false;
    }

    /// <summary>A chunk goes. Called under the node's lock.</summary>
    public void Evicting(ChunkNode victim)
    {
        if (IsToBeRescued(victim)) _redis.Counters.DroppedWrite(_redis.Health.IsWritable ? RedisDrop.QueueFull : RedisDrop.Away);
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await Task.WhenAll(_workers);
    }

    private bool IsToBeRescued(ChunkNode node) => _redis.Options.Write == RedisWritePolicy.OnEvict
        && node is { IsComplete: true, IsWriteQueued: false } && !_redis.IsKnown(node);

    private void Add(ChunkNode node)
    {
        if (node.IsWriteQueued || _redis.IsKnown(node)) return;
        if (TryAdd(node) is var drop and not RedisDrop.None) _redis.Counters.DroppedWrite(drop);
    }

    private RedisDrop TryAdd(ChunkNode node)
    {
        if (!_redis.Health.IsWritable) return RedisDrop.Away;
        if (!_queue.Writer.TryWrite(node)) return RedisDrop.QueueFull;
        node.IsWriteQueued = true;
        return RedisDrop.None;
    }

    private void Write(ChunkNode node)
    {
        var drop = RedisDrop.Failed;
        if (!Begin(node)) return;
        try
        {
            WriteUnguarded(node);
            _redis.Health.Succeeded();
            drop = RedisDrop.None;
        }
        catch (RedisException exception)
        {
            _redis.Failed(exception);
        }
        catch (Exception exception)
        {
            // One chunk's fault must not end the writes of all others.
            _redis.Report(exception);
        }

        End(node, drop);
    }

    /// <summary>Leases the chunk, unless it is gone or Redis has become unwell.</summary>
    private bool Begin(ChunkNode node)
    {
        lock (_state.Gate)
        {
            var drop = _state.IsDisposed || node.IsDetached || !node.IsComplete ? RedisDrop.Gone
                : _redis.Health.IsWritable ? RedisDrop.None
                : RedisDrop.Away;
            if (drop == RedisDrop.None)
            {
                node.Tree.Store.Lease(node);
                _state.BeginTransfer();
                return true;
            }

            _redis.Counters.DroppedWrite(drop);
            Settle(node);
            Let(node);
            return false;
        }
    }

    private void End(ChunkNode node, RedisDrop drop)
    {
        lock (_state.Gate)
        {
            if (drop == RedisDrop.None) (node.RedisUntil, node.IsAwaited) = (_redis.KnownUntil(), false);
            else _redis.Counters.DroppedWrite(drop);
            Settle(node);
            Let(node);
            node.Tree.Store.Unlease(node);
            _state.EndTransfer();
        }
    }

    private void Settle(ChunkNode node)
    {
        node.IsWriteQueued = false;
        if (_settling.Remove(node, out var source)) source.SetResult();
    }

    /// <summary>Ends the lease that kept it from being evicted.</summary>
    private void Let(ChunkNode node)
    {
        if (_rescued.Remove(node) && !_state.IsDisposed) node.Tree.Store.Unlease(node);
    }

    private void WriteUnguarded(ChunkNode node)
    {
        var (tree, chunks) = (node.Tree, _redis.Chunks);
        var name = chunks.NameOf(node.Key);
        if (chunks.IsThereAsync(name, node.Shards.Length).GetAwaiter().GetResult())
        {
            _redis.Counters.WrittenTwice();
            return;
        }

        for (var shard = 0; shard < node.Shards.Length; shard++)
        {
            var block = node.Shards[shard]!;
            _state.Sealer.SealLeased(node, block);
            _redis.Counters.InFlight(block.PayloadBytes);
            try
            {
                var outcome = chunks.Write(name, shard, node.TokenCount, block.Payload, block.Checksums.ToArray());
                if (outcome == ChunkWriteOutcome.Written) _redis.Counters.Written(block.PayloadBytes);
                else if (outcome == ChunkWriteOutcome.Present) _redis.Counters.WrittenTwice();
                else throw new RedisException(RedisFault.OutOfMemory, "Redis evicts what is being written.");
            }
            finally
            {
                _redis.Counters.InFlight(-block.PayloadBytes);
            }
        }

        if (_redis.Options.MatchSiblings && ChildTokens(node) is { } tokens)
            chunks.AddChildAsync(chunks.NameOf(node.Parent?.Key ?? tree.Root), tokens, tree.Layout.ChunkTokens).GetAwaiter().GetResult();
    }

    /// <summary>Null where the chunk was cleared meanwhile, or has items: those share nothing by tokens alone.</summary>
    private byte[]? ChildTokens(ChunkNode node)
    {
        lock (_state.Gate) return node.IsDetached || node.ItemCount > 0 ? null : BigEndianTokens.Encode(node.Text.Tokens);
    }
}
