using PrefixCache.Grpc;
using PrefixCache.InteropServer;
using PrefixCache.InteropServer.Testing;

namespace PrefixCache.GrpcTests;

/// <summary>A server in this process with the methods of one test, its log, and a channel to it.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly RpcHost _host;

    private TestServer(RpcServer server, ServerLog log, RpcHost host)
    {
        Server = server;
        Log = log;
        _host = host;
        Channel = new RpcChannel(new RpcChannelOptions { Address = host.Address, StreamWindowBytes = 64 << 10 });
    }

    /// <summary>A message with a payload: <c>grpc.testing.Payload</c>, whose body is its last field.</summary>
    public static RpcMethod<Payload, Payload> PayloadMethod { get; } = new("test.Service", "Payload", Payload.Parser, Payload.Parser)
    {
        RequestPayloadField = 2,
        ResponsePayloadField = 2,
        MaxRequestBytes = 64 << 20,
        MaxResponseBytes = 64 << 20,
    };

    public RpcServer Server { get; }

    public ServerLog Log { get; }

    public RpcChannel Channel { get; }

    public string Address => _host.Address;

    public int Port => _host.Port;

    /// <summary>Starts a server; <paramref name="add"/> gives it its methods.</summary>
    public static async Task<TestServer> StartAsync(Action<RpcServer> add, RpcServerOptions? options = null)
    {
        var log = new ServerLog();
        var server = new RpcServer(options ?? new RpcServerOptions(), log);
        add(server);
        return new TestServer(server, log, await RpcHost.StartAsync(server, loggers: log));
    }

    /// <summary>Stops all; no call may be left, and nothing may have been logged as an error unless the test says so.</summary>
    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        await Server.DrainAsync(TimeSpan.FromSeconds(10));
        await _host.DisposeAsync();
        Server.Dispose();
        if (!ExpectErrors)
            Log.AssertNoErrors();
    }

    /// <summary>Set by tests whose handlers fail on purpose.</summary>
    public bool ExpectErrors { get; set; }
}
