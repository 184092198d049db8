using System.CommandLine;
using PrefixCache.Benchmarks.Local;
using PrefixCache.Benchmarks.Lookup;
using PrefixCache.Benchmarks.Redis;
using PrefixCache.Benchmarks.Reporting;
using PrefixCache.Benchmarks.Transport;
using PrefixCache.Benchmarks.Waste;

var json = new Option<FileInfo?>("--json") { Description = "Also write the results to this file, as a JSON array." };
var address = new Argument<string>("address");
var root = new RootCommand("Benchmarks of PrefixCache. Every time is shown beside a reference measured in the same run.")
{
    Benchmark("grpc", "Payload over gRPC against a bare HTTP/2 stream, both directions; lookups against an echo, and inside the handler.",
        async () => [.. await TransportBenchmark.RunAsync(), .. await LookupBenchmark.RunAsync(), .. LookupHandlerBenchmark.Run()]),
    Benchmark("lookup", "Lookups alone, with extents and without, against an echo, and inside the handler.",
        async () =>
        [
            .. await LookupBenchmark.RunAsync(located: true), .. await LookupBenchmark.RunAsync(),
            .. LookupHandlerBenchmark.Run(located: true), .. LookupHandlerBenchmark.Run(), .. ChildrenBenchmark.Run(),
        ]),
    Benchmark("children", "Lookups inside the node where 100,000 notes follow one prefix, beside ten.",
        () => Task.FromResult(ChildrenBenchmark.Run())),
    Benchmark("local",
        "Everything on one host: payload through shared memory against memcpy, workers side by side, lookups with extents and beside "
        + "copying workers, wasted bytes, memory of the node.",
        async () =>
        [
            .. await LookupBenchmark.RunAsync(located: true), .. LookupHandlerBenchmark.Run(located: true),
            .. await LocalBenchmark.RunAsync(),
            .. WasteBenchmark.Run(), .. await MemoryBenchmark.RunAsync(),
        ]),
    Benchmark("waste",
        "Two layouts side by side in an arena that is full: bytes that hold nothing, whether memory follows the load, memory of the node.",
        async () => [.. WasteBenchmark.Run(), .. await MemoryBenchmark.RunAsync()]),
    Benchmark("redis",
        "Payload to and from a Redis server of its own, against a plain socket that does the same; host lookups while Redis is away.",
        async () => [.. await RedisBenchmark.RunAsync(), .. await HostLookupBenchmark.RunAsync()]),
    Benchmark("redis-away", "Host lookups while Redis is away: slow, paused, killed.", HostLookupBenchmark.RunAsync),
    Part("transport-server", (_, cancellationToken) => TransportServer.RunAsync(cancellationToken)),
    Part("lookup-server", (_, cancellationToken) => LookupServer.RunAsync(cancellationToken)),
    Part("local-node", (_, cancellationToken) => LocalServer.RunAsync(cancellationToken)),
    Part("local-worker", (arguments, _) => LocalWorker.RunAsync(arguments.GetRequiredValue(address)), address),
    Part(MemoryBenchmark.NodeCommand, (_, _) => Task.FromResult(MemoryNode.Run())),
};
return await root.Parse(args).InvokeAsync();

Command Benchmark(string name, string description, Func<Task<IReadOnlyList<BenchmarkResult>>> run)
{
    var command = new Command(name, description) { json };
    command.SetAction(async (arguments, cancellationToken) =>
    {
        var results = await run();
        BenchmarkReport.Print(results);
        if (arguments.GetValue(json) is { } file) await BenchmarkReport.WriteJsonAsync(file, results, cancellationToken);
        return 0;
    });
    return command;
}

// A process of a benchmark, started by it.
Command Part(string name, Func<ParseResult, CancellationToken, Task<int>> run, params Argument[] arguments)
{
    var command = new Command(name) { Hidden = true };
    foreach (var argument in arguments) command.Arguments.Add(argument);
    command.SetAction(run);
    return command;
}
