using System.Globalization;
using System.Text.Json;
using PrefixCache.Benchmarks.Lookup;
using PrefixCache.Benchmarks.Processes;
using PrefixCache.Benchmarks.Reporting;

namespace PrefixCache.Benchmarks.Local;

/// <summary>The shared-memory plane: a node and its workers, each a process of its own.</summary>
internal static class LocalBenchmark
{
    private const int Workers = 4;
    private const double PagedBar = 0.9;
    private const double LookupBar = 1.5;
    private const double LookupBesideOneBarMicroseconds = 1000;
    private static readonly TimeSpan LoopTime = TimeSpan.FromSeconds(4);

    public static async Task<IReadOnlyList<BenchmarkResult>> RunAsync()
    {
        await using var node = await ServerProcess.StartAsync("local-node");
        var results = new List<BenchmarkResult>();
        results.AddRange(await CopiesAsync(node.Words[0]));
        results.AddRange(await BesideAsync(node.Words[0]));
        return results;
    }

    private static async Task<IEnumerable<BenchmarkResult>> CopiesAsync(string address)
    {
        await using var worker = await ServerProcess.StartAsync("local-worker", address);
        await worker.AskAsync("prepare");
        var speeds = JsonSerializer.Deserialize<CopySpeeds>(await worker.AskAsync("copies"))!;
        await using var late = await ServerProcess.StartAsync("local-worker", address);
        var cold = Number(await late.AskAsync("cold"));
        var memcpy = Median(speeds.Memcpy);
        return
        [
            BenchmarkResult.AtLeast("local_retrieve", Median(speeds.Retrieve), "GB/s", memcpy, 1.0),
            BenchmarkResult.AtLeast("local_store_with_checksums", Median(speeds.Store), "GB/s", memcpy, 1.0),
            BenchmarkResult.AtLeast(
                "local_retrieve_32KiB_runs", Median(speeds.TokenMajor), "GB/s", Median(speeds.TokenMajorPlain), PagedBar),
            BenchmarkResult.AtLeast("local_retrieve_256B_runs", Median(speeds.HeadMajor), "GB/s", Median(speeds.HeadMajorPlain), PagedBar),
            BenchmarkResult.Shown("local_store_from_256B_runs", Median(speeds.HeadMajorStore), "GB/s", memcpy),
            BenchmarkResult.Shown("local_lookup_retrieve_release", Median(speeds.Request), "GB/s", memcpy),
            BenchmarkResult.Shown("local_cold_first_hit", cold, "ms", LocalWorkload.PromptBytes / memcpy / 1e6),
        ];
    }

    private static async Task<IEnumerable<BenchmarkResult>> BesideAsync(string address)
    {
        await using var lookups = await LookupBeside.StartAsync(address);
        var workers = new List<ServerProcess>();
        try
        {
            for (var i = 0; i < Workers; i++)
            {
                workers.Add(await ServerProcess.StartAsync("local-worker", address));
                await workers[i].AskAsync("prepare");
            }

            var alone = await lookups.P99Async();
            var (one, besideOne) = await RunAsync(workers[..1], "retrieve", lookups);
            var (four, besideFour) = await RunAsync(workers, "retrieve", lookups);
            var (_, besideMemcpy) = await RunAsync(workers, "memcpy", lookups);
            return
            [
                BenchmarkResult.AtLeast("local_four_workers", four, "GB/s", one, 1.0),
                BenchmarkResult.AtMostTimes("local_lookup_p99_beside_four_workers", besideFour, "us", besideMemcpy, LookupBar),
                BenchmarkResult.AtMost("local_lookup_p99_beside_one_worker", besideOne, "us", LookupBesideOneBarMicroseconds),
                BenchmarkResult.Shown("local_lookup_p99_alone", alone, "us"),
            ];
        }
        finally
        {
            foreach (var worker in workers) await worker.DisposeAsync();
        }
    }

    /// <summary>What the workers move together, and the p99 of lookups beside them; first without, then with lookups.</summary>
    private static async Task<(double Speed, double LookupP99)> RunAsync(
        IReadOnlyList<ServerProcess> workers, string command, LookupBeside lookups)
    {
        var speed = await LoopAsync(workers, command, () => Task.Delay(LoopTime));
        var p99 = 0.0;
        await LoopAsync(workers, command, async () => p99 = await lookups.P99Async());
        return (speed, p99);
    }

    private static async Task<double> LoopAsync(IReadOnlyList<ServerProcess> workers, string command, Func<Task> meanwhile)
    {
        foreach (var worker in workers) await worker.AskAsync(command);
        await meanwhile();
        foreach (var worker in workers) await worker.SendAsync("stop");
        var sum = 0.0;
        foreach (var worker in workers) sum += Number(await worker.ReadAsync());
        return sum;
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static double Median(List<double> values) => LookupWorkload.Percentile(values, 0.5);
}
