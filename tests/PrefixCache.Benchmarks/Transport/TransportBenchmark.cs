using System.Buffers;
using System.Diagnostics;
using Google.Protobuf.WellKnownTypes;
using PrefixCache.Benchmarks.Processes;
using PrefixCache.Benchmarks.Reporting;
using PrefixCache.Grpc;

namespace PrefixCache.Benchmarks.Transport;

/// <summary>Moves payload of 1 MiB a message through the raw path, down and up, against a bare HTTP/2 stream of the same size.</summary>
/// <remarks>
/// Client and server are two processes; the reference uses the same server, limits and window over a connection of its own. Rounds are
/// interleaved and the medians compared, so that a change of the machine's load meets both.
/// </remarks>
internal sealed class TransportBenchmark : IDisposable
{
    private const int WindowBytes = 512 << 10;
    private const int MessagesPerRound = 256;
    private const int Rounds = 15;
    private const double RatioBar = 0.8;
    private const double AllocationBarMiBPerGiB = 16;

    private readonly RpcChannel _channel;
    private readonly BareClient _bare;

    private TransportBenchmark(string address)
    {
        _channel = new RpcChannel(new RpcChannelOptions { Address = address, StreamWindowBytes = WindowBytes });
        _bare = new BareClient(address, WindowBytes);
    }

    /// <summary>Starts the server process, measures, and ends it.</summary>
    public static async Task<IReadOnlyList<BenchmarkResult>> RunAsync()
    {
        await using var server = await ServerProcess.StartAsync("transport-server");
        using var benchmark = new TransportBenchmark(server.Words[0]);
        return [.. await benchmark.MeasureAsync("down", benchmark.DownAsync, benchmark._bare.DownAsync),
            .. await benchmark.MeasureAsync("up", benchmark.UpAsync, benchmark._bare.UpAsync)];
    }

    public void Dispose()
    {
        _channel.Dispose();
        _bare.Dispose();
    }

    private async Task<IEnumerable<BenchmarkResult>> MeasureAsync(string name, Func<int, Task> ours, Func<int, Task> bare)
    {
        await ours(MessagesPerRound);
        await bare(MessagesPerRound);
        var (oursSpeeds, bareSpeeds, allocations) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < Rounds; round++)
        {
            // Who goes first changes with every round: the second finds the caches warm.
            if (round % 2 == 1)
                bareSpeeds.Add(await TimeAsync(bare));
            var allocatedBefore = GC.GetTotalAllocatedBytes(true) + await _bare.AllocatedAsync();
            oursSpeeds.Add(await TimeAsync(ours));
            var allocated = GC.GetTotalAllocatedBytes(true) + await _bare.AllocatedAsync() - allocatedBefore;
            allocations.Add(allocated / (double)MessagesPerRound / TransportMethods.MessageBytes * 1024);
            if (round % 2 == 0)
                bareSpeeds.Add(await TimeAsync(bare));
        }

        return
        [
            BenchmarkResult.AtLeast($"grpc_payload_{name}", Median(oursSpeeds), "GB/s", Median(bareSpeeds), RatioBar),
            BenchmarkResult.AtMost($"grpc_payload_{name}_allocated", Median(allocations), "MiB/GiB", AllocationBarMiBPerGiB),
        ];
    }

    private async Task DownAsync(int count)
    {
        using var block = new NativeBlock(TransportMethods.MessageBytes);
        using var call = _channel.ServerStreaming(TransportMethods.Down, new Int32Value { Value = count });
        var messages = call.Responses;
        var received = 0;
        for (; await messages.MoveNextAsync(); received++)
            await messages.ReadPayloadAsync(block.Memory[..messages.PayloadLength]);
        if (received != count)
            throw new InvalidDataException($"{received} messages came instead of {count}.");
    }

    private async Task UpAsync(int count)
    {
        using var block = new NativeBlock(TransportMethods.MessageBytes);
        using var call = _channel.ClientStreaming(TransportMethods.Up);
        var header = new BytesValue();
        for (var i = 0; i < count; i++)
            await call.Requests.WriteAsync(header, new ReadOnlySequence<byte>(block.Memory));
        await call.CompleteAsync();
        if ((await call.ResponseAsync).Value != count)
            throw new InvalidDataException("The server did not receive every message.");
    }

    private static async Task<double> TimeAsync(Func<int, Task> move)
    {
        var startedAt = Stopwatch.GetTimestamp();
        await move(MessagesPerRound);
        return (double)MessagesPerRound * TransportMethods.MessageBytes / Stopwatch.GetElapsedTime(startedAt).TotalSeconds / 1e9;
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }
}
