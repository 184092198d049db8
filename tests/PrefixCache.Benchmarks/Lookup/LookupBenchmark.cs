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
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(2);

    /// <param name="located">With shared memory: the answers say where the hit lies.</param>
    public static async Task<IReadOnlyList<BenchmarkResult>> RunAsync(bool located = false)
    {
        await using var server = await ServerProcess.StartAsync("lookup-server");
        await using var client = await PrefixCacheClient.ConnectAsync(
            new PrefixCacheClientOptions { Address = server.Words[0], Strict = true, SharedMemory = located });
        if (located && client.Plane != TransferPlane.SharedMemory) throw new InvalidOperationException("There is no shared memory.");
        using var echo = new RpcChannel(new RpcChannelOptions { Address = server.Words[1] });
        await client.RegisterLayoutAsync(LookupWorkload.Layout);
        return [await MeasureAsync(client, echo, located)];
    }

    private static async Task<BenchmarkResult> MeasureAsync(PrefixCacheClient client, RpcChannel echo, bool located)
    {
        var tokens = LookupWorkload.Tokens(LookupWorkload.ShortPrompt);
        await StoreAsync(client, tokens);
        var payload = new ReadOnlySequence<byte>(MemoryMarshal.AsBytes<int>(tokens).ToArray());
        var (lookups, echoes) = (new List<double>(Calls), new List<double>(Calls));
        for (var i = 0; i < Calls + WarmUp; i++)
        {
            // What ran just before decides how awake both processes are and what their caches hold: each timed call follows one of its
            // kind.
            await EchoAsync(echo, payload, located);
            var echoTime = await EchoAsync(echo, payload, located);
            await LookupAsync(client, tokens);
            var lookupTime = await LookupAsync(client, tokens);
            if (i < WarmUp) continue;
            lookups.Add(lookupTime.TotalMicroseconds);
            echoes.Add(echoTime.TotalMicroseconds);
        }

        return BenchmarkResult.AtMostTimes(
            $"lookup_{LookupWorkload.ShortPrompt}{(located ? "_located" : "")}_client_p50", LookupWorkload.Percentile(lookups, 0.5), "us",
            LookupWorkload.Percentile(echoes, 0.5), EchoBar);
    }

    private static async Task<TimeSpan> LookupAsync(PrefixCacheClient client, int[] tokens)
    {
        var started = Stopwatch.GetTimestamp();
        await using var reservation = await client.LookupAsync(LookupWorkload.Layout, tokens);
        var time = Stopwatch.GetElapsedTime(started);
        return reservation.HitTokens == tokens.Length
            ? time
            : throw new InvalidDataException($"The lookup found {reservation.HitTokens} of {tokens.Length} tokens.");
    }

    /// <summary>With the deadline that the client gives its lookups.</summary>
    private static async Task<TimeSpan> EchoAsync(RpcChannel echo, ReadOnlySequence<byte> payload, bool located)
    {
        var started = Stopwatch.GetTimestamp();
        var method = located ? EchoMethod.LongEcho : EchoMethod.Echo;
        await echo.UnaryAsync(method, new BytesValue(), payload, new CallOptions { Timeout = Deadline });
        return Stopwatch.GetElapsedTime(started);
    }

    private static async Task StoreAsync(PrefixCacheClient client, int[] tokens)
    {
        var shape = LookupWorkload.Layout.Shapes[0];
        await using var reservation = await client.LookupAsync(LookupWorkload.Layout, tokens);
        await reservation.StoreAsync(new ContiguousKvMemory(new byte[shape.PayloadBytes(tokens.Length)], shape, tokens.Length));
    }
}
