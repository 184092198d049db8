using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using PrefixCache.Grpc;

namespace PrefixCache.InteropServer;

/// <summary>A Kestrel on loopback, or on a Unix socket, that serves one <see cref="RpcServer"/>.</summary>
public sealed class RpcHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private RpcHost(WebApplication app, string address)
    {
        _app = app;
        Address = address;
    }

    /// <summary>Address for an <see cref="RpcChannel"/>.</summary>
    public string Address { get; }

    /// <summary>The TCP port; 0 on a Unix socket.</summary>
    public int Port => Address.StartsWith("unix:", StringComparison.Ordinal) ? 0 : new Uri(Address).Port;

    /// <summary>Starts to listen; returns when calls are answered.</summary>
    /// <param name="server">Answers the calls; stays the caller's.</param>
    /// <param name="port">TCP port; 0 = any free one.</param>
    /// <param name="certificate">Turns TLS on.</param>
    /// <param name="socketPath">Listens on a Unix socket instead.</param>
    /// <param name="protocols">HTTP versions that are let in.</param>
    /// <param name="loggers">Takes Kestrel's log as well; null = nowhere.</param>
    public static async Task<RpcHost> StartAsync(
        RpcServer server,
        int port = 0,
        X509Certificate2? certificate = null,
        string? socketPath = null,
        HttpProtocols protocols = HttpProtocols.Http2,
        ILoggerProvider? loggers = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        if (loggers is not null)
            builder.Logging.AddProvider(loggers);
        RpcServer.ConfigureServices(builder.Services);
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            RpcServer.ConfigureKestrel(kestrel);
            void Listen(ListenOptions options)
            {
                options.Protocols = protocols;
                if (certificate is not null)
                    options.UseHttps(certificate);
            }

            if (socketPath is not null)
                kestrel.ListenUnixSocket(socketPath, Listen);
            else
                kestrel.Listen(IPAddress.Loopback, port, Listen);
        });
        var app = builder.Build();
        app.Run(server.HandleAsync);
        await app.StartAsync();
        var address = socketPath is not null
            ? $"unix://{socketPath}"
            : app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return new RpcHost(app, address.Replace("127.0.0.1", certificate is null ? "127.0.0.1" : "localhost", StringComparison.Ordinal));
    }

    /// <summary>Stops to listen and waits for the connections to end.</summary>
    public Task StopAsync(CancellationToken cancellationToken = default) => _app.StopAsync(cancellationToken);

    /// <summary>Waits until the process is asked to end.</summary>
    public Task WaitForShutdownAsync(CancellationToken cancellationToken = default) =>
        Microsoft.Extensions.Hosting.HostingAbstractionsHostExtensions.WaitForShutdownAsync(_app, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
