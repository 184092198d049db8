using System.Collections.Concurrent;

namespace PrefixCache.Core.Tiers.Redis.Resp;

/// <summary>Which server has which key: the master of one Redis, or of each slot of a cluster.</summary>
/// <remarks>
/// Thread-safe. Found from the servers that the options name and from those that were known last; again when a server says that a slot
/// has moved, that it is a replica, or nothing (<see cref="Refresh"/>).
/// </remarks>
internal sealed class RedisTopology(RedisOptions options, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan LeastBetweenRefreshes = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentDictionary<RedisAddress, RedisEndpoint> _endpoints = new();
    private readonly Lock _gate = new();
    private volatile Map _map = new([], [], false);
    private Task _refreshing = Task.CompletedTask;
    private long _refreshed;
    private volatile bool _disposed;

    public bool IsKnown => _map.Masters.Count > 0;

    public bool IsCluster => _map.IsCluster;

    public IReadOnlyList<RedisEndpoint> Masters => _map.Masters;

    /// <exception cref="RedisException">Nobody is known to have the slot.</exception>
    public RedisEndpoint MasterOf(int slot)
    {
        var map = _map;
        return (map.IsCluster ? map.Slots[slot] : map.Masters.Count > 0 ? map.Masters[0] : null)
            ?? throw new RedisException(RedisFault.ClusterDown, $"No Redis server is known to have slot {slot}.");
    }

    /// <summary>The slot is computed where there are some.</summary>
    public RedisEndpoint MasterOf(in RedisName name) => MasterOf(_map.IsCluster ? name.Slot : 0);

    /// <summary>Looks again, in the background, unless that is done already or was a moment ago.</summary>
    public void Refresh()
    {
        lock (_gate)
        {
            if (!_refreshing.IsCompleted || (_refreshed != 0 && time.GetElapsedTime(_refreshed) < LeastBetweenRefreshes)) return;
            _refreshing = Task.Run(RefreshQuietlyAsync);
        }
    }

    /// <summary>Asks the servers who has what.</summary>
    /// <exception cref="RedisException">None of them says it.</exception>
    public async Task RefreshAsync()
    {
        RedisException? failure = null;
        foreach (var address in options.Servers.Concat(_endpoints.Keys).Distinct().ToList())
        {
            try
            {
                if (await AskAsync(address) is { } map)
                {
                    Adopt(map);
                    return;
                }
            }
            catch (RedisException exception)
            {
                failure ??= exception;
            }
        }

        throw failure ?? new RedisException(RedisFault.ReadOnly, "None of the Redis servers is a master.");
    }

    public void Dispose()
    {
        _disposed = true;
        foreach (var endpoint in _endpoints.Values) endpoint.Dispose();
    }

    private RedisEndpoint Endpoint(RedisAddress address)
    {
        var endpoint = _endpoints.GetOrAdd(address, static (key, state) => new RedisEndpoint(state.options, key, state.time), (options, time));
        if (_disposed) endpoint.Dispose();
        return endpoint;
    }

    private async Task RefreshQuietlyAsync()
    {
        try
        {
            await RefreshAsync();
        }
        catch (RedisException)
        {
            // Whoever uses a server next learns it from that.
        }
        finally
        {
            lock (_gate) _refreshed = time.GetTimestamp();
        }
    }

    /// <summary>What one server says; null when it is a replica whose master could not be told.</summary>
    private async Task<Map?> AskAsync(RedisAddress address)
    {
        using var commands = new RespCommands().Command("CLUSTER", 2).Add("SLOTS").Command("ROLE", 1);
        var replies = await Endpoint(address).CallAsync(commands);
        if (!replies[0].IsError) return SlotsOf(replies[0], address);
        var role = replies[1].OrThrow().Items;
        if (role.Count > 0 && role[0].Text == "master") return new Map([Endpoint(address)], [], false);
        if (role.Count < 3 || role[0].Text != "slave") return null;
        var master = new RedisAddress(role[1].Text, (int)role[2].Number);
        using var ask = new RespCommands().Command("ROLE", 1);
        var answer = (await Endpoint(master).CallAsync(ask))[0].OrThrow().Items;
        return answer.Count > 0 && answer[0].Text == "master" ? new Map([Endpoint(master)], [], false) : null;
    }

    private Map SlotsOf(RespValue reply, RedisAddress asked)
    {
        var slots = new RedisEndpoint?[HashSlot.Count];
        foreach (var range in reply.Items)
        {
            if (range.Items is not [{ Kind: RespKind.Number, Number: >= 0 }, { Kind: RespKind.Number }, { Items: [_, _, ..] }, ..])
                throw new RedisException(RedisFault.Protocol, $"What {asked} says to CLUSTER SLOTS is no map of slots.");
            var master = range.Items[2].Items;
            // A server that does not know its own address leaves it empty.
            var host = master[0].IsNull || master[0].Text.Length == 0 ? asked.Host : master[0].Text;
            var endpoint = Endpoint(new RedisAddress(host, (int)master[1].Number));
            for (var slot = range.Items[0].Number; slot <= range.Items[1].Number && slot < HashSlot.Count; slot++) slots[slot] = endpoint;
        }

        if (Array.TrueForAll(slots, slot => slot is null))
            throw new RedisException(RedisFault.ClusterDown, $"The cluster that {asked} is in has no slots.");
        return new Map([.. slots.OfType<RedisEndpoint>().Distinct()], slots, true);
    }

    /// <summary>Servers that have nothing any more are asked still, but not kept open.</summary>
    private void Adopt(Map map)
    {
        _map = map;
        foreach (var endpoint in _endpoints.Values)
            if (!map.Masters.Contains(endpoint)) endpoint.CloseIdle();
    }

    private sealed record Map(IReadOnlyList<RedisEndpoint> Masters, RedisEndpoint?[] Slots, bool IsCluster);
}
