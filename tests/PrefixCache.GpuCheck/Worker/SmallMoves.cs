using System.Diagnostics;
using PrefixCache.Client;
using PrefixCache.Client.Memory;
using PrefixCache.Format.Devices;
using PrefixCache.Format.Layouts;
using PrefixCache.GpuCheck.Memory;
using PrefixCache.GpuCheck.Processes;

namespace PrefixCache.GpuCheck.Worker;

/// <summary>
/// Small chunks up to the device, out of the host tier, and back down, again and again, each byte verified in both places. Needs a node
/// with 16 MiB of host memory, as much of the device's, and eviction by last use.
/// </summary>
internal sealed class SmallMoves(PrefixCacheClient client, IDevice device)
{
    private const int Chunks = 64;
    private const int ChunkTokens = 32;
    private const int Tokens = Chunks * ChunkTokens;

    /// <summary>Prompts of as many bytes that push all others out.</summary>
    private const int Flushes = 4;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly KvLayout Layout =
        KvLayout.Uniform("small", "gpu-check", KvType.BFloat16, layers: 4, kvHeads: 2, headDimension: 64, ChunkTokens);

    /// <param name="moves">Chunks that go up, and as many that come down.</param>
    public async Task<WorkerReply> RunAsync(int moves)
    {
        await client.RegisterLayoutAsync(Layout);
        var shape = Layout.Shapes[0];
        using var staging = new PinnedPages(device, shape.PayloadBytes(Tokens));
        using var cache = new EngineCache(device, DestinationShape.Contiguous, shape, Tokens);
        var flushed = 1 << 20;
        for (var round = 0; round * Chunks < moves; round++)
        {
            var pattern = new KvPattern(Layout, Tokens, round);
            var options = new LookupOptions { Salt = $"moves {round}", LoadMode = LoadMode.Always };
            await StoreAsync(pattern, options);
            await UntilAsync(pattern, options, TransferSource.Any, cache, staging);
            for (var flush = 0; flush < Flushes; flush++)
                await StoreAsync(new KvPattern(Layout, Tokens, flushed++), options with { Salt = "flush" });
            await UntilAsync(pattern, options, TransferSource.Host, cache, staging);
            await client.ClearNamespaceAsync(Layout, options.Salt);
        }

        return new WorkerReply();
    }

    private async Task StoreAsync(KvPattern pattern, LookupOptions options)
    {
        var memory = new byte[pattern.Bytes];
        pattern.Fill(memory);
        await using var reservation = await client.LookupAsync(Layout, pattern.Prompt, options);
        var stored = await reservation.StoreAsync(new ContiguousKvMemory(memory, pattern.Shape, pattern.Tokens));
        if (stored.Committed + stored.Present < Chunks) throw new CheckException($"The store went wrong: {stored}");
    }

    /// <summary>Asks until all of a prompt comes out of one of the node's memories, and verifies it.</summary>
    /// <param name="source">Any = out of the device's alone.</param>
    private async Task UntilAsync(
        KvPattern pattern, LookupOptions options, TransferSource source, EngineCache cache, PinnedPages staging)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            await using var reservation =
                await client.LookupAsync(Layout, pattern.Prompt, options with { Wait = TimeSpan.FromSeconds(5) });
            if (reservation.HitTokens == Tokens)
            {
                cache.Clear(staging);
                var loaded = await reservation.RetrieveAsync(cache.Kv, new TransferOptions { Source = source });
                cache.Verify(pattern, loaded.Tokens, staging);
                if (loaded.DeviceBytes == (source == TransferSource.Any ? pattern.Bytes : 0)) return;
            }

            if (Stopwatch.GetElapsedTime(started) > Patience)
                throw new CheckException($"{reservation.HitTokens} of {Tokens} tokens after {Patience.TotalSeconds:0} s from {source}.");
            await Task.Delay(1);
        }
    }
}
