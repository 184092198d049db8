using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using PrefixCache.Benchmarks.Lookup;
using PrefixCache.Benchmarks.Transport;
using PrefixCache.Client;
using PrefixCache.Client.Memory;

namespace PrefixCache.Benchmarks.Local;

/// <summary>
/// A worker process of the local benchmark. Does what the lines of its standard input say: <c>cold</c>, <c>copies</c>, <c>retrieve</c> or
/// <c>memcpy</c> until the next line, and ends with them.
/// </summary>
internal sealed class LocalWorker : IDisposable
{
    private const int Rounds = 41;

    /// <summary>Small requests beforehand: enough that tiered compilation is through with every method, in both processes.</summary>
    private const int WarmUp = 3000;

    private readonly PrefixCacheClient _client;
    private readonly EngineMemory _engine = new();
    private readonly NativeBlock _private = new(LocalWorkload.PromptBytes);
    private readonly int[] _prompt = LocalWorkload.Prompt(1);

    /// <summary>Console.In reads synchronously whatever it is asked.</summary>
    private readonly StreamReader _input = new(Console.OpenStandardInput());

    private int _seed = Environment.ProcessId * 1000;

    private LocalWorker(PrefixCacheClient client)
    {
        _client = client;
        _private.Memory.Span.Fill(2);
    }

    public static async Task<int> RunAsync(string address)
    {
        await using var client = await PrefixCacheClient.ConnectAsync(new PrefixCacheClientOptions { Address = address, Strict = true });
        await client.RegisterLayoutAsync(LocalWorkload.Layout);
        if (client.Plane != TransferPlane.SharedMemory) throw new InvalidOperationException("The worker has no shared memory.");
        using var worker = new LocalWorker(client);
        await Console.Out.WriteLineAsync("ready worker");
        while (await worker._input.ReadLineAsync() is { } line)
            await Console.Out.WriteLineAsync(await worker.DoAsync(line));
        return 0;
    }

    public void Dispose()
    {
        _engine.Dispose();
        ((IDisposable)_private).Dispose();
        _input.Dispose();
    }

    private async Task<string> DoAsync(string line) => line switch
    {
        "prepare" => await PrepareAsync(),
        "cold" => Text((await RetrieveAsync(_engine.Flat)).TotalMilliseconds),
        "copies" => JsonSerializer.Serialize(await MeasureAsync()),
        "retrieve" => await LoopAsync(RequestAsync),
        "memcpy" => await LoopAsync(() =>
        {
            Memcpy();
            return ValueTask.CompletedTask;
        }),
        _ => throw new InvalidOperationException($"There is no command '{line}'."),
    };

    /// <summary>Stores the prompt that every worker retrieves, and waits until this process's mapping is populated.</summary>
    private async Task<string> PrepareAsync()
    {
        await WarmUpAsync();
        await StoreAsync(_prompt, _engine.Flat);
        await _client.Populated;
        return "prepared";
    }

    /// <summary>A few chunks of a small layout each, stored and retrieved: the same code, next to no bytes.</summary>
    private async Task WarmUpAsync()
    {
        var layout = LookupWorkload.Layout;
        await _client.RegisterLayoutAsync(layout);
        var memory = new ContiguousKvMemory(
            new byte[layout.Shapes[0].PayloadBytes(LocalWorkload.PromptTokens)], layout.Shapes[0], LocalWorkload.PromptTokens);
        for (var i = 0; i < WarmUp; i++)
        {
            var prompt = LocalWorkload.Prompt(_seed++);
            await using (var cold = await _client.LookupAsync(layout, prompt)) await cold.StoreAsync(memory);
            await using var warm = await _client.LookupAsync(layout, prompt);
            await warm.RetrieveAsync(memory);
        }
    }

    private async Task<CopySpeeds> MeasureAsync()
    {
        var speeds = new CopySpeeds();
        for (var round = -2; round < Rounds; round++)
        {
            var into = round < 0 ? new CopySpeeds() : speeds;
            into.Memcpy.Add(Speed(Time(Memcpy)));
            into.Retrieve.Add(Speed(await RetrieveAsync(_engine.Flat)));
            into.Memcpy.Add(Speed(Time(Memcpy)));
            into.Store.Add(Speed(await StoreAsync(LocalWorkload.Prompt(_seed++), _engine.Flat)));
            into.TokenMajorPlain.Add(Speed(Time(() => Plain(_engine.TokenMajor))));
            into.TokenMajor.Add(Speed(await RetrieveAsync(_engine.TokenMajor)));
            into.HeadMajorPlain.Add(Speed(Time(() => Plain(_engine.HeadMajor))));
            into.HeadMajor.Add(Speed(await RetrieveAsync(_engine.HeadMajor)));
            into.HeadMajorStore.Add(Speed(await StoreAsync(LocalWorkload.Prompt(_seed++), _engine.HeadMajor)));
            var started = Stopwatch.GetTimestamp();
            await RequestAsync();
            into.Request.Add(Speed(Stopwatch.GetElapsedTime(started)));
        }

        return speeds;
    }

    private async ValueTask RequestAsync()
    {
        await using var reservation = await _client.LookupAsync(LocalWorkload.Layout, _prompt);
        Check(await reservation.RetrieveAsync(_engine.Flat));
    }

    private async Task<TimeSpan> RetrieveAsync(IKvMemory destination)
    {
        await using var reservation = await _client.LookupAsync(LocalWorkload.Layout, _prompt);
        var started = Stopwatch.GetTimestamp();
        Check(await reservation.RetrieveAsync(destination));
        return Stopwatch.GetElapsedTime(started);
    }

    private async Task<TimeSpan> StoreAsync(int[] tokens, IKvMemory source)
    {
        await using var reservation = await _client.LookupAsync(LocalWorkload.Layout, tokens);
        var started = Stopwatch.GetTimestamp();
        var summary = await reservation.StoreAsync(source);
        var time = Stopwatch.GetElapsedTime(started);
        return summary.Refused == 0 && (summary.Committed == 0 || summary.Plane == TransferPlane.SharedMemory)
            ? time
            : throw new InvalidDataException($"The store went wrong: {summary}");
    }

    private static void Check(RetrieveResult result)
    {
        if (result is { Tokens: LocalWorkload.PromptTokens, Plane: TransferPlane.SharedMemory }) return;
        throw new InvalidDataException($"The retrieve went wrong: {result}");
    }

    private unsafe void Memcpy()
    {
        fixed (byte* source = _private.Memory.Span) PlainCopy.Whole(source, _engine.Bytes);
    }

    private unsafe void Plain(IKvMemory destination)
    {
        fixed (byte* source = _private.Memory.Span) PlainCopy.IntoTiles(source, destination);
    }

    /// <summary>Until the next line; answers with the bytes a second.</summary>
    private async Task<string> LoopAsync(Func<ValueTask> copy)
    {
        await copy();
        await Console.Out.WriteLineAsync("running");
        var stop = _input.ReadLineAsync();
        var started = Stopwatch.GetTimestamp();
        var count = 0;
        for (; !stop.IsCompleted; count++) await copy();
        return Text(count * (double)LocalWorkload.PromptBytes / Stopwatch.GetElapsedTime(started).TotalSeconds / 1e9);
    }

    private static TimeSpan Time(Action action)
    {
        var started = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(started);
    }

    private static double Speed(TimeSpan time) => LocalWorkload.PromptBytes / time.TotalSeconds / 1e9;

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}
