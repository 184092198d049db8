using System.Security.Cryptography.X509Certificates;
using PrefixCache.Grpc;
using PrefixCache.InteropServer;

namespace PrefixCache.GrpcTests.Interop;

/// <summary>The interoperability service in this process and a channel to it.</summary>
public abstract class InteropFixture : IAsyncLifetime
{
    private readonly ServerLog _log = new();
    private readonly RpcServer _server;
    private RpcHost? _host;

    protected InteropFixture()
    {
        _server = new RpcServer(new RpcServerOptions(), _log);
        TestService.AddTo(_server);
    }

    public RpcChannel Channel { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await StartAsync(_server, _log);
        Channel = Open(_host.Address);
    }

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        await _server.DrainAsync(TimeSpan.FromSeconds(5));
        await _host!.DisposeAsync();
        _server.Dispose();
        GC.SuppressFinalize(this);
        _log.AssertNoErrors();
        _log.Dispose();
    }

    protected abstract Task<RpcHost> StartAsync(RpcServer server, ServerLog log);

    protected virtual RpcChannel Open(string address) => new(new RpcChannelOptions { Address = address });

    /// <summary>Over TCP in the clear.</summary>
    public sealed class Tcp : InteropFixture
    {
        protected override Task<RpcHost> StartAsync(RpcServer server, ServerLog log) => RpcHost.StartAsync(server, loggers: log);
    }

    /// <summary>Over a Unix socket.</summary>
    public sealed class UnixSocket : InteropFixture
    {
        protected override Task<RpcHost> StartAsync(RpcServer server, ServerLog log) =>
            RpcHost.StartAsync(
                server, socketPath: Path.Combine(Directory.CreateTempSubdirectory("grpc-").FullName, "s.sock"), loggers: log);
    }

    /// <summary>Over TLS, trusting just the one certificate.</summary>
    public sealed class Tls : InteropFixture
    {
        private readonly X509Certificate2 _certificate = TestCertificate.Create();

        protected override Task<RpcHost> StartAsync(RpcServer server, ServerLog log) =>
            RpcHost.StartAsync(server, certificate: _certificate, loggers: log);

        protected override RpcChannel Open(string address) => new(new RpcChannelOptions
        {
            Address = address,
            Tls = new()
            {
                CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    CustomTrustStore = { _certificate },
                    RevocationMode = X509RevocationMode.NoCheck,
                },
            },
        });
    }
}
