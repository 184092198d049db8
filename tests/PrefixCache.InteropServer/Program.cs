using System.CommandLine;
using PrefixCache.Grpc;
using PrefixCache.InteropServer;

var port = new Option<int>("--port") { Description = "TCP port on loopback; 0 takes any free one.", DefaultValueFactory = _ => 10000 };
var tls = new Option<bool>("--tls") { Description = "Serve over TLS with a certificate made at start." };
var command = new RootCommand("Serves grpc.testing.TestService for gRPC's interoperability tests.") { port, tls };
command.SetAction(async (arguments, cancellationToken) =>
{
    using var server = new RpcServer(new RpcServerOptions());
    TestService.AddTo(server);
    using var certificate = arguments.GetValue(tls) ? TestCertificate.Create() : null;
    await using var host = await RpcHost.StartAsync(server, arguments.GetValue(port), certificate);
    await Console.Out.WriteLineAsync($"ready {host.Address}");
    await host.WaitForShutdownAsync(cancellationToken);
    return 0;
});
return await command.Parse(args).InvokeAsync();
