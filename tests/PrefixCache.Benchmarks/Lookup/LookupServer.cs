using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using PrefixCache.Grpc;
using PrefixCache.Server;

namespace PrefixCache.Benchmarks.Lookup;

/// <summary>The server process of the lookup benchmark: a node, and beside it the echo on the same kind of server.</summary>
internal static class LookupServer
{
    /// <summary>Serves until the standard input ends, so that the process never outlives its parent.</summary>
    public static async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        await using var node = await PrefixCacheNode.StartAsync(LookupWorkload.NodeOptions);
        using var echo = new RpcServer(new RpcServerOptions());
        EchoMethod.AddTo(echo);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        RpcServer.ConfigureServices(builder.Services);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            RpcServer.ConfigureKestrel(kestrel);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        await using var app = builder.Build();
        app.Run(echo.HandleAsync);
        await app.StartAsync(cancellationToken);
        await Console.Out.WriteLineAsync($"ready {node.Address} {app.Urls.Single()}");
        await Console.In.ReadToEndAsync(cancellationToken);
        await app.StopAsync(cancellationToken);
        return 0;
    }
}
