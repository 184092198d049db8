using PrefixCache.Core.Tiers.Redis.Resp;

namespace PrefixCache.Core.Tiers.Redis;

/// <summary>The tier that nodes share: what one has computed, all can load.</summary>
/// <remarks>
/// Owns its connections and its queues. Nothing in it fails a request: where Redis does not answer, it has nothing. Lock order: the node's
/// lock is never held while Redis is asked.
/// </remarks>
internal sealed class RedisTier : IAsyncDisposable
{
    private readonly NodeState _state;
    private readonly long _started;

    public RedisTier(NodeState state, RedisOptions options)
    {
        _state = state;
        _started = state.Time.GetTimestamp();
        Options = options;
        Topology = new RedisTopology(options, state.Time);
        Health = new RedisHealth(options, Topology, state.Time, () => Task.CompletedTask);
        Chunks = new RedisChunks(options, Topology);
        Finder = new RedisFinder(Chunks, options, state.MinPartialTokens, Background);
        Loader = new RedisLoader(state, this);
        Writer = new RedisWriter(state, this);
    }

    /// <summary>An exception that is a fault of this program.</summary>
    public event Action<Exception>? Faulted;

    public RedisOptions Options { get; }

    public RedisTopology Topology { get; }

    public RedisHealth Health { get; }

    public RedisChunks Chunks { get; }

    public RedisFinder Finder { get; }

    public RedisLoader Loader { get; }

    public RedisWriter Writer { get; }

    public RedisCounters Counters { get; } = new();

    /// <summary>Seconds since the start.</summary>
    public int Now => (int)_state.Time.GetElapsedTime(_started).TotalSeconds;

    /// <summary>A chunk that is in Redis now is taken to be for half of its time to live, in seconds since the start.</summary>
    public int KnownUntil() => Now + Math.Max((int)Math.Min(Options.TimeToLive.TotalSeconds / 2, int.MaxValue / 4), 1);

    public void Start() => Health.Start();

    /// <summary>A call failed.</summary>
    public void Failed(RedisException exception)
    {
        Counters.Failed();
        Health.Failed(exception);
    }

    public void Report(Exception exception) => Faulted?.Invoke(exception);

    /// <summary>Lets something go on that nobody waits for.</summary>
    public void Background(Task task) => _ = WatchAsync(task);

    public async ValueTask DisposeAsync()
    {
        // Whoever waits for a server learns at once that it is over.
        await Health.DisposeAsync();
        Topology.Dispose();
        await Loader.DisposeAsync();
        await Writer.DisposeAsync();
    }

    private async Task WatchAsync(Task task)
    {
        try
        {
            await task;
        }
        catch (RedisException exception)
        {
            Failed(exception);
        }
        catch (Exception exception)
        {
            Report(exception);
        }
    }
}
