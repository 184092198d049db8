using System.CommandLine;
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
    "waste", "Two layouts side by side in an arena that is full: bytes that hold nothing, whether memory follows the load, memory beside the arena.")
    { json };
waste.SetAction(async (arguments, cancellationToken) =>
{
    IReadOnlyList<BenchmarkResult> results = [.. WasteBenchmark.Run(), .. await MemoryBenchmark.RunAsync()];
    BenchmarkReport.Print(results);
    if (arguments.GetValue(json) is { } file)
        await BenchmarkReport.WriteJsonAsync(file, results, cancellationToken);
    return 0;
});

var server = new Command("transport-server", "The server process of the grpc benchmark.") { Hidden = true };
server.SetAction((_, cancellationToken) => TransportServer.RunAsync(cancellationToken));

var lookupServer = new Command("lookup-server", "The server process of the lookup benchmark.") { Hidden = true };
lookupServer.SetAction((_, cancellationToken) => LookupServer.RunAsync(cancellationToken));

var memoryNode = new Command(MemoryBenchmark.NodeCommand, "The process of the memory benchmark.") { Hidden = true };
memoryNode.SetAction(_ => MemoryNode.Run());

var root = new RootCommand(
    "Benchmarks of PrefixCache. Every time is shown beside a reference measured in the same run.") { grpc, waste, server, lookupServer, memoryNode };
return await root.Parse(args).InvokeAsync();
