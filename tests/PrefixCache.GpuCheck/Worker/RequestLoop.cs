using PrefixCache.Client;
using PrefixCache.Format.Devices;
using PrefixCache.GpuCheck.Memory;

namespace PrefixCache.GpuCheck.Worker;

/// <summary>Loads one prompt without a pause until it is stopped, or its process is killed; stores it where the node lacks it.</summary>
internal sealed class RequestLoop
{
    /// <summary>Loads between two looks at the bytes: most of the time copies are under way.</summary>
    private const int Burst = 8;

    private readonly PrefixCacheClient _client;
    private readonly IDevice _device;
    private readonly KvPattern _pattern;
    private readonly Task _running;
    private volatile bool _isStopped;
    private volatile WorkerReply _counts = new();

    public RequestLoop(PrefixCacheClient client, IDevice device, KvPattern pattern)
    {
        (_client, _device, _pattern) = (client, device, pattern);
        _running = Task.Run(RunAsync);
    }

    /// <summary>So far.</summary>
    public WorkerReply Counts => _counts;

    public async Task<WorkerReply> StopAsync()
    {
        _isStopped = true;
        await _running;
        return _counts;
    }

    private async Task RunAsync()
    {
        try
        {
            using var staging = new PinnedPages(_device, _pattern.Bytes);
            using var cache = new EngineCache(_device, DestinationShape.Contiguous, _pattern.Shape, _pattern.Tokens);
            while (!_isStopped) await RequestAsync(cache, staging);
        }
        catch (Exception exception)
        {
            // Nothing may come out of the client as it is used here: a miss is a result.
            _counts = _counts with { Error = $"{exception.GetType().Name}: {exception.Message}" };
        }
    }

    private async Task RequestAsync(EngineCache cache, PinnedPages staging)
    {
        await using var reservation =
            await _client.LookupAsync(_pattern.Layout, _pattern.Prompt, new LookupOptions { LoadMode = LoadMode.Always });
        if (reservation.HitTokens < _pattern.Tokens)
        {
            _counts = _counts with { Misses = _counts.Misses + 1 };
            cache.Write(_pattern, staging);
            await reservation.StoreAsync(cache.Kv);
            await Task.Delay(10);
            return;
        }

        cache.Clear(staging);
        for (var load = 0; load < Burst && !_isStopped; load++)
        {
            var loaded = await reservation.RetrieveAsync(cache.Kv);
            if (load is 0 or Burst - 1 || loaded.Tokens < _pattern.Tokens) cache.Verify(_pattern, loaded.EndToken, staging);
            _counts = loaded.Tokens < _pattern.Tokens
                ? _counts with { Misses = _counts.Misses + 1 }
                : _counts with
                {
                    Hits = _counts.Hits + 1,
                    DeviceHits = _counts.DeviceHits + (loaded.DeviceBytes == _pattern.Bytes ? 1 : 0),
                };
        }
    }
}
