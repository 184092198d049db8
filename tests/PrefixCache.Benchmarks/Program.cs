using System.CommandLine;
using PrefixCache.Benchmarks.Reporting;
using PrefixCache.Benchmarks.Transport;

var json = new Option<FileInfo?>("--json") { Description = "Also write the results to this file, as a JSON array." };
var grpc = new Command("grpc", "Payload over gRPC against a bare HTTP/2 stream, both directions.") { json };
grpc.SetAction(async (arguments, cancellationToken) =>
{
    var results = await TransportBenchmark.RunAsync();
    BenchmarkReport.Print(results);
    if (arguments.GetValue(json) is { } file)
        await BenchmarkReport.WriteJsonAsync(file, results, cancellationToken);
    return 0;
});

var server = new Command("transport-server", "The server process of the grpc benchmark.") { Hidden = true };
server.SetAction((_, cancellationToken) => TransportServer.RunAsync(cancellationToken));

var root = new RootCommand("Benchmarks of PrefixCache. Every time is shown beside a reference measured in the same run.") { grpc, server };
return await root.Parse(args).InvokeAsync();
