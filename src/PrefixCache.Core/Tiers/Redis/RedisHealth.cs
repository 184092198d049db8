using System.Globalization;
using System.Text;
using PrefixCache.Core.Tiers.Redis.Resp;

namespace PrefixCache.Core.Tiers.Redis;

/// <summary>The breaker: takes Redis out of use when it fails, and probes it until it is well.</summary>
/// <remarks>
/// Thread-safe. What kind of failure it was decides at once: a full or read-only server is still read; one that does not answer is left
/// alone, for each request that finds that out anew waits for it. Probes are calls of its own, never a request's.
/// </remarks>
internal sealed class RedisHealth : IAsyncDisposable
{
    /// <summary>A connection may break by chance; so many in a row do not.</summary>
    private const int ConnectionsLost = 2;

    /// <summary>Lookups in a row that did not come within their budget.</summary>
    private const int LateLookups = 3;

    /// <summary>More slots than that moved within a second: the cluster is being rebuilt.</summary>
    private const int MovedStorm = 64;

    private static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(5);

    private readonly RedisOptions _options;
    private readonly RedisTopology _topology;
    private readonly TimeProvider _time;
    private readonly Func<Task> _reconnected;
    private readonly Func<Task> _keepUp;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _probed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _loop = Task.CompletedTask;
    private volatile RedisState _state = RedisState.Away;
    private volatile string _cause = "not connected yet";
    private int _connectionsLost;
    private int _lateLookups;
    private int _moved;
    private long _movedSince;
    private long _interruptions;

    /// <param name="reconnected">Called when Redis answers again, before it is used: what was missed meanwhile.</param>
    /// <param name="keepUp">Called now and then while it answers.</param>
    public RedisHealth(RedisOptions options, RedisTopology topology, TimeProvider time, Func<Task> reconnected, Func<Task> keepUp)
    {
        _options = options;
        _topology = topology;
        _time = time;
        (_reconnected, _keepUp) = (reconnected, keepUp);
    }

    /// <summary>Raised on some thread, under no lock that matters to the listener.</summary>
    public event Action<RedisState, string>? Changed;

    public RedisState State => _state;

    /// <summary>Why it is not available; empty when it is.</summary>
    public string Cause => _cause;

    public bool IsReadable => _state != RedisState.Away;

    public bool IsWritable => _state == RedisState.Available;

    /// <summary>Times that it became read-only or away.</summary>
    public long Interruptions => Volatile.Read(ref _interruptions);

    /// <summary>Ends with the first attempt to reach it, whatever came of it.</summary>
    public Task FirstProbe => _probed.Task;

    public void Start() => _loop = Task.Run(ProbeAsync);

    /// <summary>A call went well.</summary>
    public void Succeeded()
    {
        if (_connectionsLost != 0) Volatile.Write(ref _connectionsLost, 0);
    }

    /// <summary>A lookup got its answer, in time or not.</summary>
    public void Answered(bool inTime)
    {
        if (inTime) Volatile.Write(ref _lateLookups, 0);
        else if (Interlocked.Increment(ref _lateLookups) >= LateLookups)
            Become(RedisState.Away, $"{LateLookups} lookups in a row were not answered within {_options.LookupBudget.TotalMilliseconds:0} ms");
    }

    /// <summary>A call failed.</summary>
    public void Failed(RedisException exception)
    {
        switch (exception.Fault)
        {
            case RedisFault.OutOfMemory:
                Become(RedisState.ReadOnly, exception.Message);
                break;
            case RedisFault.ReadOnly:
                _topology.Refresh();
                Become(RedisState.ReadOnly, exception.Message);
                break;
            case RedisFault.Moved:
                _topology.Refresh();
                if (IsStorm()) Become(RedisState.Away, "too many slots of the cluster are moving");
                break;
            case RedisFault.Connection or RedisFault.Protocol:
                if (Interlocked.Increment(ref _connectionsLost) >= ConnectionsLost) Become(RedisState.Away, exception.Message);
                else _topology.Refresh();
                break;
            case RedisFault.Other or RedisFault.WrongType:
                break;
            default:
                Become(RedisState.Away, exception.Message);
                break;
        }
    }

    /// <summary>What fails from now on fails because the node stops.</summary>
    public void Stop() => _stop.Cancel();

    public async ValueTask DisposeAsync()
    {
        Stop();
        await _loop;
        _stop.Dispose();
    }

    private bool IsStorm()
    {
        lock (_gate)
        {
            if (_time.GetElapsedTime(_movedSince) > TimeSpan.FromSeconds(1)) (_movedSince, _moved) = (_time.GetTimestamp(), 0);
            return ++_moved > MovedStorm;
        }
    }

    /// <summary>For the worse at once; for the better by a probe alone.</summary>
    private void Become(RedisState state, string cause)
    {
        lock (_gate)
        {
            if (state <= _state || _stop.IsCancellationRequested) return;
            (_state, _cause) = (state, cause);
            _interruptions++;
        }

        Changed?.Invoke(state, cause);
    }

    private async Task ProbeAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            await CheckAsync();
            _probed.TrySetResult();
            var wait = _state == RedisState.Available ? CheckInterval : ProbeInterval;
            for (var waited = TimeSpan.Zero; waited < wait && !_stop.IsCancellationRequested; waited += ProbeInterval)
            {
                await Task.Delay(ProbeInterval, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (_state != RedisState.Available) break;
            }
        }
    }

    /// <summary>Looks what Redis is good for, by asking each master, writing to it, and reading how much memory it has left.</summary>
    private async Task CheckAsync()
    {
        RedisState state;
        string cause;
        try
        {
            // A server that takes no writes may have become a replica: who is the master now is another one's to say.
            var was = _state;
            if (was != RedisState.Available || _topology.IsCluster || !_topology.IsKnown) await _topology.RefreshAsync();
            (state, cause) = await AskAsync();
            var isBack = was == RedisState.Away || (was != state && state == RedisState.Available);

            // A connection from before a cut may be dead without a sign, and the first chunk on it would take Redis away again.
            if (was == RedisState.Away) foreach (var master in _topology.Masters) master.CloseIdle();
            if (state != RedisState.Away) await (isBack ? _reconnected() : _keepUp());
        }
        catch (RedisException exception)
        {
            (state, cause) = (exception.Fault == RedisFault.ReadOnly ? RedisState.ReadOnly : RedisState.Away, exception.Message);
            if (exception.Fault == RedisFault.ReadOnly) _topology.Refresh();
        }
        catch (Exception exception)
        {
            // Whatever it was, nobody else would ever find Redis well again.
            (state, cause) = (RedisState.Away, $"Redis could not be probed: {exception.Message}");
        }

        bool changed;
        lock (_gate)
        {
            if (_stop.IsCancellationRequested) return;
            changed = state != _state || cause != _cause;
            if (state > _state) _interruptions++;
            (_state, _cause) = (state, cause);
            (_connectionsLost, _lateLookups) = (0, 0);
        }

        if (changed) Changed?.Invoke(state, cause);
    }

    private async Task<(RedisState State, string Cause)> AskAsync()
    {
        var result = (RedisState.Available, "");
        foreach (var master in _topology.Masters)
        {
            using var commands = new RespCommands();
            commands.Command("PING", 1).Command("INFO", 2).Add("memory");
            var began = _time.GetTimestamp();
            var replies = await master.CallAsync(commands);
            foreach (var reply in replies) reply.OrThrow();
            if (_time.GetElapsedTime(began) > _options.LookupBudget)
                return (RedisState.Away, $"Redis at {master.Address} takes longer than {_options.LookupBudget.TotalMilliseconds:0} ms to answer");
            if (MemoryFault(replies[1].Text) is { } full) result = (RedisState.ReadOnly, $"Redis at {master.Address} {full}");
            else if (await WriteFaultAsync(master) is { } refused) result = (RedisState.ReadOnly, refused);
        }

        return result;
    }

    /// <summary>Null where there is memory to write to.</summary>
    private string? MemoryFault(string info)
    {
        var (used, most) = (Field(info, "used_memory:"), Field(info, "maxmemory:"));
        if (most == 0) most = Field(info, "total_system_memory:");
        // A server that evicts makes room by itself, and is always nearly full.
        var evicts = !info.Contains("maxmemory_policy:noeviction", StringComparison.Ordinal) && Field(info, "maxmemory:") > 0;
        return evicts || most == 0 || used <= most * _options.MaxMemoryShare
            ? null
            : string.Create(CultureInfo.InvariantCulture,
                $"uses {used >> 20} of {most >> 20} MiB, more than redis-max-memory {_options.MaxMemoryShare} allows");
    }

    private async Task<string?> WriteFaultAsync(RedisEndpoint master)
    {
        using var commands = new RespCommands();
        commands.Command("SET", 5).Add(ProbeKey(master)).Add("1").Add("PX").Add(1000);
        var reply = (await master.CallAsync(commands))[0];
        return reply.IsError ? $"Redis at {master.Address}: {reply.Text}" : null;
    }

    /// <summary>A key that this master has: in a cluster one of the first few.</summary>
    private string ProbeKey(RedisEndpoint master)
    {
        for (var number = 0; number < HashSlot.Count; number++)
        {
            var key = $"{_options.Prefix}:{{probe{number}}}";
            if (_topology.MasterOf(HashSlot.Of(Encoding.UTF8.GetBytes(key))) == master) return key;
        }

        return _options.Prefix + ":{probe}";
    }

    private static long Field(string info, string name)
    {
        var start = info.IndexOf(name, StringComparison.Ordinal);
        if (start < 0) return 0;
        start += name.Length;
        var end = info.AsSpan(start).IndexOfAny('\r', '\n');
        return long.TryParse(info.AsSpan(start, end < 0 ? info.Length - start : end), CultureInfo.InvariantCulture, out var value) ? value : 0;
    }
}
