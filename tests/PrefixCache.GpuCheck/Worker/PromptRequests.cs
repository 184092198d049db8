using System.Diagnostics;
using PrefixCache.Client;
using PrefixCache.Format.Devices;
using PrefixCache.Format.Native.Cuda;
using PrefixCache.GpuCheck.Copies;
using PrefixCache.GpuCheck.Memory;
using PrefixCache.GpuCheck.Processes;

namespace PrefixCache.GpuCheck.Worker;

/// <summary>Requests of one worker, a prompt of 900 tokens each: stored, loaded, measured, and every byte of what came verified.</summary>
internal sealed class PromptRequests(PrefixCacheClient client, CudaDevice device) : IDisposable
{
    private const int WarmUp = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly LookupOptions All = new() { LoadMode = LoadMode.Always };

    private readonly PlainCopy _plain = new(device);
    private readonly PinnedPages _staging = new(device, KvPattern.Llama(0).Bytes);
    private readonly IDeviceMemory _plainSource = device.Allocate(KvPattern.Llama(0).Bytes);
    private readonly EngineCache _cache = new(device, DestinationShape.Contiguous, KvPattern.Llama(0).Shape, KvPattern.LlamaTokens);

    /// <summary>Stores a prompt out of the device's memory; again where the node has no room yet: it may be sealing the last.</summary>
    public async Task<WorkerReply> StoreAsync(int seed)
    {
        var pattern = KvPattern.Llama(seed);
        _cache.Write(pattern, _staging);
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            await using var reservation = await client.LookupAsync(pattern.Layout, pattern.Prompt, All);
            var stored = await reservation.StoreAsync(_cache.Kv);
            if (stored.Refused == 0 && stored.Committed + stored.Present > 0) return new WorkerReply { Note = $"{stored.Bytes} B" };
            if (Stopwatch.GetElapsedTime(started) > Patience) throw new CheckException($"The store went wrong: {stored}");
            await Task.Delay(10);
        }
    }

    /// <summary>Asks for a prompt until all of it lies on the device, and verifies it there.</summary>
    public async Task<WorkerReply> PromoteAsync(int seed)
    {
        var pattern = KvPattern.Llama(seed);
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            await using var reservation = await client.LookupAsync(pattern.Layout, pattern.Prompt, All);
            _cache.Clear(_staging);
            var loaded = await reservation.RetrieveAsync(_cache.Kv);
            _cache.Verify(pattern, loaded.Tokens, _staging);
            if (loaded.DeviceBytes == pattern.Bytes) return new WorkerReply();
            if (Stopwatch.GetElapsedTime(started) > Patience)
                throw new CheckException($"After {Patience.TotalSeconds:0} s {loaded.DeviceBytes} of {pattern.Bytes} B lie there.");
            await Task.Delay(10);
        }
    }

    /// <summary>Loads a prompt again and again out of one of the node's memories, a plain copy before each.</summary>
    public async Task<WorkerReply> MeasureAsync(int seed, TransferSource source, DestinationShape shape, int rounds)
    {
        var pattern = KvPattern.Llama(seed);
        using var cache = new EngineCache(device, shape, pattern.Shape, pattern.Tokens);
        await client.Populated; // what a worker's first seconds cost is not what a hit costs
        List<double> retrieves = [], requests = [], plain = [];
        for (var round = -Math.Min(WarmUp, rounds); round < rounds; round++)
        {
            cache.Clear(_staging);
            var plainTime = source == TransferSource.Device ? PlainDeviceToDevice() : PlainHostToDevice();
            var asked = Stopwatch.GetTimestamp();
            double retrieve;
            await using (var reservation = await client.LookupAsync(pattern.Layout, pattern.Prompt, All))
            {
                var started = Stopwatch.GetTimestamp();
                var loaded = await reservation.RetrieveAsync(cache.Kv, new TransferOptions { Source = source });
                retrieve = Stopwatch.GetElapsedTime(started).TotalSeconds;
                if (loaded.Tokens != pattern.Tokens || loaded.DeviceBytes != (source == TransferSource.Device ? pattern.Bytes : 0))
                    throw new CheckException($"The load went wrong: {loaded}");
            }

            var request = Stopwatch.GetElapsedTime(asked).TotalSeconds;
            cache.Verify(pattern, pattern.Tokens, _staging);
            if (round < 0) continue;
            retrieves.Add(retrieve);
            requests.Add(request);
            plain.Add(plainTime);
        }

        return new WorkerReply { Retrieves = retrieves, Requests = requests, Plain = plain };
    }

    /// <summary>Looks a prompt up until the node has all of it, and loads it; once, with all waits.</summary>
    public async Task<WorkerReply> LoadAsync(int seed)
    {
        var pattern = KvPattern.Llama(seed);
        _cache.Clear(_staging);
        var plain = Enumerable.Range(0, WarmUp + 3).Select(_ => PlainHostToDevice()).ToList()[WarmUp..];
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            await using var reservation =
                await client.LookupAsync(pattern.Layout, pattern.Prompt, All with { Wait = TimeSpan.FromSeconds(10) });
            if (reservation.HitTokens == pattern.Tokens)
            {
                var loaded = await reservation.RetrieveAsync(_cache.Kv, new TransferOptions { Source = TransferSource.Host });
                var time = Stopwatch.GetElapsedTime(started).TotalSeconds;
                if (loaded.Tokens != pattern.Tokens) throw new CheckException($"The load went wrong: {loaded}");
                _cache.Verify(pattern, pattern.Tokens, _staging);
                return new WorkerReply { Requests = [time], Plain = plain };
            }

            if (Stopwatch.GetElapsedTime(started) > Patience)
                throw new CheckException($"{reservation.HitTokens} of {pattern.Tokens} tokens came, for {reservation.MissReason}.");
        }
    }

    /// <summary>Plain copies up, in <see cref="WorkerReply.Requests"/>, and down, in <see cref="WorkerReply.Plain"/>.</summary>
    public WorkerReply PlainCopies(int rounds)
    {
        List<double> up = [], down = [];
        for (var round = -WarmUp; round < rounds; round++)
        {
            var upTime = PlainHostToDevice();
            var downTime = _plain.Time(DeviceCopyKind.DeviceToHost, _plainSource.Address, _staging.Address, _staging.Bytes);
            if (round < 0) continue;
            up.Add(upTime);
            down.Add(downTime);
        }

        return new WorkerReply { Requests = up, Plain = down };
    }

    public void Dispose()
    {
        _cache.Dispose();
        _plainSource.Dispose();
        _staging.Dispose();
        _plain.Dispose();
    }

    private double PlainDeviceToDevice() =>
        _plain.Time(DeviceCopyKind.DeviceToDevice, _plainSource.Address, _cache.Address, _staging.Bytes);

    private double PlainHostToDevice() => _plain.Time(DeviceCopyKind.HostToDevice, _staging.Address, _cache.Address, _staging.Bytes);
}
