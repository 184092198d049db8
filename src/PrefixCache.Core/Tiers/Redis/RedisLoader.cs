using System.Threading.Channels;
using PrefixCache.Core.Blocks;
using PrefixCache.Core.Index;
using PrefixCache.Core.Memory;
using PrefixCache.Core.Tiers.Redis.Resp;

namespace PrefixCache.Core.Tiers.Redis;

/// <summary>Promotes: reads chunks from Redis into blocks of the host tier, in the background.</summary>
/// <remarks>
/// On threads of its own, as many as there are connections; memory is taken when a chunk's turn comes, so a slow Redis never holds more blocks than
/// those. The node's lock is not held while bytes move. A chunk that several requests want is loaded once.
/// </remarks>
internal sealed class RedisLoader : IAsyncDisposable
{
    private readonly NodeState _state;
    private readonly RedisTier _redis;
    private readonly Channel<LoadJob> _queue;
    private readonly Task[] _workers;

    /// <summary>What is queued or on its way. Protected by the node's lock.</summary>
    private readonly Dictionary<ChunkNode, LoadJob> _jobs = [];

    public RedisLoader(NodeState state, RedisTier redis)
    {
        _state = state;
        _redis = redis;
        _queue = Channel.CreateBounded<LoadJob>(redis.Options.MaxQueued);
        _workers = [.. Enumerable.Range(0, redis.Options.Connections).Select(_ => RedisThread.Start("load", _queue.Reader, Load))];
    }

    public int Queued => _queue.Reader.Count;

    /// <summary>Queues the chunks of a finding that the index lacks. Called under the node's lock.</summary>
    /// <param name="parent">The chunk before the first.</param>
    public void Add(RedisSearch search, RedisFinding finding, ChunkNode? parent)
    {
        var tree = search.Tree;
        search.EndTokens = finding.EndTokens;
        search.Queued = _state.Time.GetTimestamp();
        foreach (var chunk in finding.Chunks)
        {
            var node = tree.GetOrAdd(parent, chunk.Text, chunk.Key);
            if (node is null || !TryAdd(search, node, chunk))
            {
                if (node is not null) tree.Store.RemoveIfEmpty(node);
                search.EndTokens = Math.Min(search.EndTokens, chunk.Position * tree.Layout.ChunkTokens);
                break;
            }

            parent = node;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await Task.WhenAll(_workers);
    }

    private bool TryAdd(RedisSearch search, ChunkNode node, FoundChunk chunk)
    {
        if (node.IsComplete) return true;
        if (!_jobs.TryGetValue(node, out var job))
        {
            job = new LoadJob(node, chunk.Name, chunk.Shards, chunk.Position);
            if (!_queue.Writer.TryWrite(job))
            {
                _redis.Counters.DroppedLoad(RedisDrop.QueueFull);
                return false;
            }

            _jobs.Add(node, job);
            node.Writers++;
        }

        job.Searches.Add(search);
        search.Left++;
        return true;
    }

    private void Load(LoadJob job)
    {
        try
        {
            LoadUnguarded(job);
        }
        catch (Exception exception)
        {
            // One chunk's fault must not end the loads of all others.
            _redis.Report(exception);
            lock (_state.Gate) End(job, 0);
        }
    }

    private void LoadUnguarded(LoadJob job)
    {
        if (Begin(job) is not { } targets) return;
        var began = _state.Time.GetTimestamp();
        var bytes = targets.Sum(target => (long)target.Block.PayloadBytes);
        _redis.Counters.InFlight(bytes);

        // Whatever goes wrong: what was not read and checked is not attached.
        var outcome = RedisDrop.Failed;
        var isRead = true;
        try
        {
            foreach (var (shard, block) in targets)
            {
                var read = _redis.Chunks.Read(job.Name, shard, job.Shards[shard], block.Shape, block.Payload);
                if (read == ChunkReadOutcome.Loaded) continue;
                _redis.Counters.Damaged();
                _redis.Background(_redis.Chunks.DeleteAsync(job.Name, shard, job.Shards[shard]));
                isRead = false;
                break;
            }

            if (isRead) outcome = RedisDrop.None;
            _redis.Health.Succeeded();
        }
        catch (RedisException exception)
        {
            _redis.Failed(exception);
            outcome = _redis.Health.IsReadable ? RedisDrop.Failed : RedisDrop.Away;
        }
        finally
        {
            _redis.Counters.InFlight(-bytes);
            lock (_state.Gate) Finish(job, targets, outcome);
        }

        if (outcome != RedisDrop.None) return;
        var elapsed = _state.Time.GetElapsedTime(began);
        _redis.Counters.Loaded(bytes, elapsed);
        Report(job);
        _redis.Background(_redis.Chunks.ExtendAsync(job.Name, job.Shards));
    }

    /// <summary>Memory for the shards that the chunk lacks; null when it is not to be loaded after all.</summary>
    private List<(int Shard, Block Block)>? Begin(LoadJob job)
    {
        lock (_state.Gate)
        {
            var node = job.Node;
            var drop = _state.IsDisposed || node.IsDetached || !job.IsWanted ? RedisDrop.Gone
                : _redis.Health.IsReadable ? RedisDrop.None
                : RedisDrop.Away;
            if (drop != RedisDrop.None || node.IsComplete)
            {
                if (!node.IsComplete) _redis.Counters.DroppedLoad(drop);
                End(job, 0);
                return null;
            }

            var targets = new List<(int Shard, Block Block)>(node.Shards.Length);
            for (var shard = 0; shard < node.Shards.Length; shard++)
            {
                if (node.Shards[shard] is not null) continue;
                var shape = node.Tree.Layout.Shapes[shard];
                var size = new SizeClass(shape.BytesPerToken, node.TokenCount, node.Tree.Layout.ChunkTokens);
                node.Writers++;
                if (node.Tree.Store.TryAllocate(shape, size) is { } block)
                {
                    targets.Add((shard, block));
                    continue;
                }

                node.Writers--;
                foreach (var (_, taken) in targets) node.Tree.Store.Abandon(node, taken);
                _redis.Counters.DroppedLoad(RedisDrop.NoMemory);
                End(job, 0);
                return null;
            }

            _state.BeginTransfer();
            return targets;
        }
    }

    /// <summary>Called under the node's lock.</summary>
    private void Finish(LoadJob job, List<(int Shard, Block Block)> targets, RedisDrop outcome)
    {
        var (node, store) = (job.Node, job.Node.Tree.Store);

        // Before it is attached, for what is complete and not known to be in Redis would be written there.
        node.RedisUntil = outcome == RedisDrop.None ? _redis.KnownUntil() : 0;
        if (outcome != RedisDrop.None) _redis.Counters.DroppedLoad(outcome);
        foreach (var (shard, block) in targets)
        {
            if (outcome == RedisDrop.None) store.TryAttach(node, shard, block, job.Shards[shard].Checksums);
            else store.Abandon(node, block);
        }

        End(job, node.IsComplete ? targets.Sum(target => (long)target.Block.PayloadBytes) : 0);
        _state.EndTransfer();
    }

    /// <summary>What one request waited for together says how fast Redis is. Without the lock, which is the innermost.</summary>
    private void Report(LoadJob job)
    {
        foreach (var search in job.Searches)
        {
            long bytes, queued;
            lock (_state.Gate) (bytes, queued) = (search.TakeMoved(), search.Queued);
            if (bytes > 0) _state.Planner.RedisMoved(search.Tree.Layout, bytes, _state.Time.GetElapsedTime(queued));
        }
    }

    /// <summary>Tells those who wait. Called under the node's lock.</summary>
    /// <param name="bytes">That were read.</param>
    private void End(LoadJob job, long bytes)
    {
        if (!_jobs.Remove(job.Node)) return;
        var (node, store) = (job.Node, job.Node.Tree.Store);
        node.Writers--;
        if (!node.IsDetached) store.RemoveIfEmpty(node);
        foreach (var search in job.Searches) search.Came(node.IsComplete && !node.IsDetached, bytes, job.FirstToken);
    }
}
