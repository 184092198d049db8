using System.Buffers;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Google.Protobuf.WellKnownTypes;
using PrefixCache.Benchmarks.Processes;
using PrefixCache.Benchmarks.Reporting;
using PrefixCache.Client;
using PrefixCache.Client.Memory;
using PrefixCache.Grpc;

namespace PrefixCache.Benchmarks.Lookup;

/// <summary>A lookup as a worker sees it, from another process, against an echo of a request of the same size. Calls take turns.</summary>
internal static class LookupBenchmark
{
    /// <summary>Enough calls that tiered compilation is through with every method, in both processes.</summary>
    private const int WarmUp = 3000;
    private const int Calls = 2000;
    private const double EchoBar = 1.5;

    public static async Task<IReadOnlyList<BenchmarkResult>> RunAsync()
    {
        await using var server = await ServerProcess.StartAsync("lookup-server");
        await using var client = await PrefixCacheClient.ConnectAsync(new PrefixCacheClientOptions { Address = server.Words[0], Strict = true });
        using var echo = new RpcChannel(new RpcChannelOptions { Address = server.Words[1] });
        await client.RegisterLayoutAsync(LookupWorkload.Layout);
        return
        [
            await MeasureAsync(client, echo, LookupWorkload.ShortPrompt, Calls),
            await MeasureAsync(client, echo, LookupWorkload.LongPrompt, Calls / 10),
        ];
    }

    private static async Task<BenchmarkResult> MeasureAsync(PrefixCacheClient client, RpcChannel echo, int count, int calls)
    {
        var tokens = LookupWorkload.Tokens(count);
        await StoreAsync(client, tokens);
        var payload = new ReadOnlySequence<byte>(MemoryMarshal.AsBytes<int>(tokens).ToArray());
        var warmUp = WarmUp * calls / Calls;
        var (lookups, echoes) = (new List<double>(calls), new List<double>(calls));
        for (var i = 0; i < calls + warmUp; i++)
        {
            var started = Stopwatch.GetTimestamp();
            var reservation = await client.LookupAsync(LookupWorkload.Layout, tokens);
            var lookup = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
            if (reservation.HitTokens != count) throw new InvalidDataException($"The lookup found {reservation.HitTokens} of {count} tokens.");
            await reservation.ReleaseAsync();

            started = Stopwatch.GetTimestamp();
            await echo.UnaryAsync(EchoMethod.Echo, new BytesValue(), payload, new CallOptions { Timeout = TimeSpan.FromSeconds(2) });
            if (i < warmUp) continue;
            lookups.Add(lookup);
            echoes.Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds);
        }

        return BenchmarkResult.AtMostTimes($"lookup_{count}_client_p50", LookupWorkload.Percentile(lookups, 0.5), "us",
            LookupWorkload.Percentile(echoes, 0.5), EchoBar);
    }

    private static async Task StoreAsync(PrefixCacheClient client, int[] tokens)
    {
        var shape = LookupWorkload.Layout.Shapes[0];
        await using var reservation = await client.LookupAsync(LookupWorkload.Layout, tokens);
        await reservation.StoreAsync(new ContiguousKvMemory(new byte[shape.PayloadBytes(tokens.Length)], shape, tokens.Length));
    }
}
