using System.Globalization;
using PrefixCache.TestRedis.Commands;
using PrefixCache.TestRedis.Network;

namespace PrefixCache.TestRedis.Servers;

/// <summary>A Redis Cluster of a test's own: three masters, a third of the slots each, with a replica each.</summary>
/// <remarks>A master that is silent for two seconds is replaced by its replica within about four. Starting takes about three seconds.</remarks>
public sealed class RedisCluster : IAsyncDisposable
{
    private const int Masters = 3;
    private const int Slots = 16384;

    private static readonly string[] Settings =
    [
        "cluster-enabled yes", "cluster-config-file nodes.conf", "cluster-node-timeout 2000", "cluster-replica-validity-factor 0",
        "repl-diskless-sync-delay 0",
    ];

    private readonly RedisServer[] _servers;

    private RedisCluster(RedisServer[] servers) => _servers = servers;

    /// <summary>All servers: three that began as masters, then the replica of each.</summary>
    public IReadOnlyList<RedisServer> Servers => _servers;

    /// <summary>`host:port` of every server, separated by commas.</summary>
    public string Addresses => string.Join(',', _servers.Select(server => server.Address));

    /// <summary>Starts six servers, joins them, and waits until every one serves.</summary>
    /// <param name="options">For each server; without TLS and password.</param>
    public static async Task<RedisCluster> StartAsync(RedisServerOptions? options = null)
    {
        options ??= new RedisServerOptions();
        if (options.Tls is not null || options.Password is not null)
            throw new ArgumentException("A cluster is not set up with TLS or a password here: leave both out.", nameof(options));
        var starts = Enumerable.Range(0, 2 * Masters).Select(_ => StartMemberAsync(options)).ToArray();
        try
        {
            var cluster = new RedisCluster(await Task.WhenAll(starts));
            await cluster.JoinAsync();
            await cluster.WaitUntilServingAsync();
            return cluster;
        }
        catch
        {
            foreach (var start in starts)
                if (start.IsCompletedSuccessfully) await (await start).DisposeAsync();
            throw;
        }
    }

    /// <summary>The server that is the master of a key now.</summary>
    public async Task<RedisServer> MasterOfAsync(string key)
    {
        var asked = await AnyRunningAsync();
        try
        {
            // A master answers for its own keys and names the master of others.
            await asked.CommandAsync("TYPE", key);
            return asked;
        }
        catch (RedisErrorException moved) when (moved.Code == "MOVED")
        {
            var port = int.Parse(moved.Message[(moved.Message.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture);
            return _servers.Single(server => server.Port == port);
        }
    }

    /// <summary>Carries a command out at the master of its first key.</summary>
    /// <param name="words">The command, the key, the rest.</param>
    public async Task<RedisReply> CommandAsync(params string[] words) =>
        await (await MasterOfAsync(words[1])).CommandAsync(words);

    /// <summary>The keys of all masters that match a pattern.</summary>
    public async Task<IReadOnlyList<string>> KeysAsync(string pattern = "*")
    {
        var keys = new List<string>();
        foreach (var server in _servers)
            if (server.IsRunning && await IsMasterAsync(server)) keys.AddRange((await server.CommandAsync("KEYS", pattern)).Texts);
        return keys;
    }

    /// <summary>Waits until every running server sees a cluster that serves all slots, and every running replica follows its master.</summary>
    public Task WaitUntilServingAsync() => Wait.UntilAsync(
        async () =>
        {
            foreach (var server in _servers)
                if (server.IsRunning && !await IsServingAsync(server)) return false;
            return true;
        },
        () => $"The cluster does not serve:\n{_servers.First(server => server.IsRunning).Log}");

    /// <summary>Waits until another server is the master of a killed or paused master's slots, and everyone knows.</summary>
    public async Task WaitUntilFailedOverAsync(RedisServer lost)
    {
        var address = $"{lost.Address}@";
        await Wait.UntilAsync(
            async () =>
            {
                foreach (var server in _servers)
                    if (server.IsRunning && IsMasterWithSlots(address, (await server.CommandAsync("CLUSTER", "NODES")).Text)) return false;
                return true;
            },
            () => $"Nobody has replaced {lost.Address}.");
        await WaitUntilServingAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers) await server.DisposeAsync();
    }

    /// <summary>`id address@bus flags master ping pong epoch link slot…`, a line a server.</summary>
    private static bool IsMasterWithSlots(string address, string nodes) => nodes.Split('\n').Any(line =>
        line.Split(' ') is { Length: > 8 } fields && fields[1].StartsWith(address, StringComparison.Ordinal));

    private static Task<RedisServer> StartMemberAsync(RedisServerOptions options) => RedisServer.StartAsync(
        // The bus would be 10,000 above the port, where ports of outgoing connections are.
        options with { Settings = [.. options.Settings, .. Settings, $"cluster-port {FreePort.Take()}"] });

    private static async Task<bool> IsMasterAsync(RedisServer server) => await server.InfoAsync("role") == "master";

    private static async Task<bool> IsServingAsync(RedisServer server)
    {
        var state = (await server.CommandAsync("CLUSTER", "INFO")).Text;
        return state.Contains("cluster_state:ok", StringComparison.Ordinal)
            && state.Contains("cluster_slots_ok:16384", StringComparison.Ordinal)
            && (await IsMasterAsync(server) || await server.InfoAsync("master_link_status") == "up");
    }

    private async Task JoinAsync()
    {
        for (var i = 0; i < Masters; i++)
        {
            await _servers[i].CommandAsync("CLUSTER", "SET-CONFIG-EPOCH", Text(i + 1));
            await _servers[i].CommandAsync("CLUSTER", "ADDSLOTSRANGE", Text(Slots * i / Masters), Text((Slots * (i + 1) / Masters) - 1));
        }

        foreach (var server in _servers[1..])
        {
            var bus = (await server.CommandAsync("CONFIG", "GET", "cluster-port")).Items![1].Text;
            await _servers[0].CommandAsync("CLUSTER", "MEET", "127.0.0.1", Text(server.Port), bus);
        }

        for (var i = 0; i < Masters; i++)
        {
            var master = (await _servers[i].CommandAsync("CLUSTER", "MYID")).Text;
            var replica = _servers[Masters + i];
            await Wait.UntilAsync(() => KnowsAsync(replica, master), () => $"The servers do not find one another:\n{replica.Log}");
            await replica.CommandAsync("CLUSTER", "REPLICATE", master);
        }
    }

    private static async Task<bool> KnowsAsync(RedisServer server, string id) =>
        (await server.CommandAsync("CLUSTER", "NODES")).Text.Contains(id, StringComparison.Ordinal);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private async Task<RedisServer> AnyRunningAsync()
    {
        foreach (var server in _servers)
            if (server.IsRunning && await IsMasterAsync(server)) return server;
        throw new InvalidOperationException("No master of the cluster is running.");
    }
}
