namespace PrefixCache.TestRedis.Servers;

/// <summary>A Redis server and one that follows it.</summary>
public sealed class RedisWithReplica : IAsyncDisposable
{
    private RedisWithReplica(RedisServer master, RedisServer replica) => (Master, Replica) = (master, replica);

    public RedisServer Master { get; }

    public RedisServer Replica { get; }

    /// <summary>Starts both and waits until the replica has what the master has.</summary>
    public static async Task<RedisWithReplica> StartAsync(RedisServerOptions? options = null)
    {
        options ??= new RedisServerOptions();
        if (options.Tls is not null || options.Password is not null)
            throw new ArgumentException("A replica is not set up with TLS or a password here: leave both out.", nameof(options));
        options = options with { Settings = [.. options.Settings, "repl-diskless-sync-delay 0"] };
        var master = await RedisServer.StartAsync(options);
        RedisServer? replica = null;
        try
        {
            replica = await RedisServer.StartAsync(options with { Settings = [.. options.Settings, $"replicaof 127.0.0.1 {master.Port}"] });
            var pair = new RedisWithReplica(master, replica);
            await pair.WaitUntilInSyncAsync();
            return pair;
        }
        catch
        {
            await master.DisposeAsync();
            if (replica is not null) await replica.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until the replica has every write that the master has carried out.</summary>
    public Task WaitUntilInSyncAsync() => Wait.UntilAsync(
        async () => await Replica.InfoAsync("master_link_status") == "up"
            && await Master.InfoAsync("master_repl_offset") == await Replica.InfoAsync("slave_repl_offset"),
        () => $"The replica does not follow:\n{Replica.Log}");

    /// <summary>Makes a master of the replica, as an operator or Sentinel does.</summary>
    public Task PromoteAsync() => Replica.CommandAsync("REPLICAOF", "NO", "ONE");

    public async ValueTask DisposeAsync()
    {
        await Replica.DisposeAsync();
        await Master.DisposeAsync();
    }
}
