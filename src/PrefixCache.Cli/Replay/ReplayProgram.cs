using System.Runtime;
using PrefixCache.Core.Index;
using PrefixCache.Core.Replay;
using PrefixCache.Core.Replay.Traces;
using PrefixCache.Core.Replay.Workloads;

namespace PrefixCache.Cli.Replay;

/// <summary>Loads the trace, runs what was asked for, shows and writes what came out.</summary>
internal static class ReplayProgram
{
    /// <summary>Runs at a time: one takes some 100 MB where nothing is evicted.</summary>
    private const int MaxParallelRuns = 8;

    /// <summary>Parts of what the trace asks for, where no capacity is given.</summary>
    private static readonly double[] DefaultParts = [0.01, 0.03, 0.1, 0.3];

    public static async Task<int> RunAsync(ReplayOptions options, IReadOnlyList<string> faults, CancellationToken cancellation)
    {
        if (faults.Count > 0) return Fail(ExitCode.BadOptions, faults);

        // Nobody waits for a single answer: collections that stop everything cost two fifths less of the whole.
        GCSettings.LatencyMode = GCLatencyMode.Batch;
        try
        {
            var report = ReplayProgress.Show(
                options.Quiet || options.IsPiped, progress => Run(options, progress, cancellation));
            await WriteAsync(report);
            return ExitCode.Success;
        }
        catch (ReplayOptionException exception)
        {
            return Fail(ExitCode.BadOptions, [exception.Message]);
        }
        catch (Exception exception) when (exception is TraceException or IOException or UnauthorizedAccessException)
        {
            return Fail(ExitCode.Failure, [exception.Message]);
        }
        catch (OperationCanceledException)
        {
            return Fail(ExitCode.Failure, ["Stopped."]);
        }
    }

    private static ReplayReport Run(ReplayOptions options, ReplayProgress progress, CancellationToken cancellation)
    {
        var trace = Load(options, progress, cancellation);
        var workload = new ReplayWorkload(trace);
        if (ReplayOptionReader.CheckChunkTokens(options, workload) is { } fault) throw new ReplayOptionException(fault);
        var setups = Setups(options, workload, cancellation);
        var results = new ReplayResult[setups.Count];
        progress.Begin((long)trace.Requests * setups.Count);
        var parallel = new ParallelOptions
        {
            MaxDegreeOfParallelism = Math.Min(MaxParallelRuns, Environment.ProcessorCount),
            CancellationToken = cancellation,
        };
        try
        {
            // What holds most takes longest: it goes first, so that no core waits for it at the end.
            Parallel.ForEach(Enumerable.Range(0, setups.Count).OrderByDescending(index => setups[index].Capacity.Amount), parallel,
                index => results[index] = ReplayDriver.Run(workload, setups[index], progress.Served, cancellation));
        }
        catch (AggregateException exception)
        {
            throw exception.InnerExceptions[0];
        }

        return new ReplayReport(options, workload, results);
    }

    private static ReplayTrace Load(ReplayOptions options, ReplayProgress progress, CancellationToken cancellation)
    {
        if (!options.Trace.StartsWith(ReplayOptions.Generated, StringComparison.Ordinal))
            return TraceFile.Load(options.Trace, options.Format, options.Limit, progress.Loaded, cancellation);
        var workload = NamedWorkloads.All[options.Trace[ReplayOptions.Generated.Length..]];
        var requests = options.Limit == int.MaxValue ? workload.Requests : options.Limit;
        return WorkloadGenerator.Trace(workload with { Requests = requests, Seed = (ulong)options.Seed });
    }

    private static List<ReplaySetup> Setups(ReplayOptions options, ReplayWorkload workload, CancellationToken cancellation)
    {
        var capacities = options.Capacities.Count > 0
            ? options.Capacities
            : DefaultCapacities(workload.Curve(ReplayReport.Setup(options, options.Modes[0]), cancellation).MaxBlocks);
        var setups = new List<ReplaySetup>();
        foreach (var policy in options.Policies)
        {
            foreach (var mode in options.Modes)
            {
                var setup = ReplayReport.Setup(options, mode) with { Policy = policy };
                if (policy is ReplayPolicies.FlatLru or ReplayPolicies.Belady) setup = setup with { Admission = AdmissionMode.Always };
                setups.AddRange(capacities.Select(capacity => setup with { Capacity = capacity }));
            }
        }

        return setups;
    }

    private static List<ReplayCapacity> DefaultCapacities(int chunks) =>
    [
        .. DefaultParts.Select(part => Round(chunks * part)).Where(blocks => blocks > 0).Distinct().Select(ReplayCapacity.Blocks),
        ReplayCapacity.Unlimited,
    ];

    /// <summary>Two digits are enough for a default.</summary>
    private static long Round(double blocks)
    {
        if (blocks < 100) return (long)blocks;
        var scale = Math.Pow(10, Math.Floor(Math.Log10(blocks)) - 1);
        return (long)(Math.Round(blocks / scale) * scale);
    }

    private static async Task WriteAsync(ReplayReport report)
    {
        var options = report.Options;
        if (options.Json is { } json) await WriteAsync(json, ReplayJson.Write(report));
        if (options.Csv is { } csv) await WriteAsync(csv, ReplayCsv.Write(report));
        if (options.Svg is { } svg) await WriteAsync(svg, CurveSvg.Draw(MissCurve.Of(report)));
        if (!options.IsPiped) ReplayScreen.Show(report);
    }

    private static Task WriteAsync(string path, string text) =>
        path == ReplayOptions.StandardOutput ? Console.Out.WriteAsync(text) : File.WriteAllTextAsync(path, text);

    private static int Fail(int code, IEnumerable<string> faults)
    {
        foreach (var fault in faults) Console.Error.WriteLine(fault);
        if (code == ExitCode.BadOptions) Console.Error.WriteLine("See 'prefixcache replay --help'.");
        return code;
    }
}
