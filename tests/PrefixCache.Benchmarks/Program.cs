using System.CommandLine;
using PrefixCache.Benchmarks.Local;
using PrefixCache.Benchmarks.Lookup;
using PrefixCache.Benchmarks.Reporting;
using PrefixCache.Benchmarks.Transport;
using PrefixCache.Benchmarks.Waste;

var json = new Option<FileInfo?>("--json") { Description = "Also write the results to this file, as a JSON array." };
var grpc = new Command(
    "grpc", "Payload over gRPC against a bare HTTP/2 stream, both directions; lookups against an echo, and inside the handler.") { json };
grpc.SetAction(async (arguments, cancellationToken) =>
{
    IReadOnlyList<BenchmarkResult> results =
        [.. await TransportBenchmark.RunAsync(), .. await LookupBenchmark.RunAsync(), .. LookupHandlerBenchmark.Run()];
    BenchmarkReport.Print(results);
    if (arguments.GetValue(json) is { } file)
        await BenchmarkReport.WriteJsonAsync(file, results, cancellationToken);
    return 0;
});

var waste = new Command(
    "waste", "Two layouts side by side in an arena that is full: bytes that hold nothing, and whether memory follows the load.") { json };
waste.SetAction(async (arguments, cancellationToken) =>
{
    var results = WasteBenchmark.Run();
    BenchmarkReport.Print(results);
    if (arguments.GetValue(json) is { } file)
        await BenchmarkReport.WriteJsonAsync(file, results, cancellationToken);
    return 0;
});

var server = new Command("transport-server", "The server process of the grpc benchmark.") { Hidden = true };
server.SetAction((_, cancellationToken) => TransportServer.RunAsync(cancellationToken));

var lookupServer = new Command("lookup-server", "The server process of the lookup benchmark.") { Hidden = true };
lookupServer.SetAction((_, cancellationToken) => LookupServer.RunAsync(cancellationToken));

var local = new Command("local", "Payload through shared memory against memcpy; workers side by side; lookups beside them.") { json };
local.SetAction(async (arguments, cancellationToken) =>
{
    var results = await LocalBenchmark.RunAsync();
    BenchmarkReport.Print(results);
    if (arguments.GetValue(json) is { } file) await BenchmarkReport.WriteJsonAsync(file, results, cancellationToken);
    return 0;
});

var localNode = new Command("local-node", "The node process of the local benchmark.") { Hidden = true };
localNode.SetAction((_, cancellationToken) => LocalServer.RunAsync(cancellationToken));

var address = new Argument<string>("address");
var localWorker = new Command("local-worker", "A worker process of the local benchmark.") { Hidden = true };
localWorker.Arguments.Add(address);
localWorker.SetAction((arguments, _) => LocalWorker.RunAsync(arguments.GetRequiredValue(address)));

var root = new RootCommand(
    "Benchmarks of PrefixCache. Every time is shown beside a reference measured in the same run.")
{
    grpc,
    local,
    waste,
    server,
    lookupServer,
    localNode,
    localWorker,
};
return await root.Parse(args).InvokeAsync();
