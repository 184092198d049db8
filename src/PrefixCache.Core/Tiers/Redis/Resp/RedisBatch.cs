namespace PrefixCache.Core.Tiers.Redis.Resp;

/// <summary>Small commands to whichever servers have their keys, sent in one round trip.</summary>
/// <remarks>Used by one task; disposed after the replies were read.</remarks>
internal sealed class RedisBatch(RedisTopology topology) : IDisposable
{
    private readonly List<(RedisEndpoint Endpoint, RespCommands Commands)> _servers = new(1);
    private readonly List<(int Server, int Reply)> _commands = [];
    private RespValue[][] _replies = [];

    /// <summary>Commands so far: the number of the next reply.</summary>
    public int Count => _commands.Count;

    /// <summary>Begins a command on a key.</summary>
    /// <param name="arguments">With its name.</param>
    /// <exception cref="RedisException">No server is known to have it.</exception>
    public RespCommands Command(in RedisName key, string name, int arguments) => Command(topology.MasterOf(key), name, arguments);

    /// <summary>Begins a command on a key that is no chunk's.</summary>
    public RespCommands Command(int slot, string name, int arguments) => Command(topology.MasterOf(slot), name, arguments);

    private RespCommands Command(RedisEndpoint endpoint, string name, int arguments)
    {
        var server = _servers.FindIndex(known => known.Endpoint == endpoint);
        if (server < 0)
        {
            server = _servers.Count;
            _servers.Add((endpoint, new RespCommands()));
        }

        var commands = _servers[server].Commands;
        _commands.Add((server, commands.Count));
        return commands.Command(name, arguments);
    }

    /// <exception cref="RedisException">A server cannot be reached, or does not answer.</exception>
    public async Task SendAsync()
    {
        if (_servers.Count == 1)
        {
            _replies = [await _servers[0].Endpoint.CallAsync(_servers[0].Commands)];
            return;
        }

        _replies = await Task.WhenAll(_servers.Select(server => server.Endpoint.CallAsync(server.Commands)));
    }

    /// <summary>The reply to a command.</summary>
    /// <exception cref="RedisException">It is an error.</exception>
    public RespValue Reply(int command) => Raw(command).OrThrow();

    /// <summary>The reply to a command, which may be an error.</summary>
    public RespValue Raw(int command)
    {
        var (server, reply) = _commands[command];
        return _replies[server][reply];
    }

    public void Dispose()
    {
        foreach (var (_, commands) in _servers) commands.Dispose();
    }
}
