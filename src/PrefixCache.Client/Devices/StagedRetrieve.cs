using PrefixCache.Client.Memory;
using PrefixCache.Format.Devices;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Client.Devices;

/// <summary>Retrieves a hit through host memory of this process's own: where it shares none with the node.</summary>
/// <param name="receive">Retrieves some tokens into host memory.</param>
internal sealed class StagedRetrieve(
    PrefixCacheClient client, DevicePlane plane, KvLayout layout,
    Func<IKvMemory, TransferOptions, int, CancellationToken, ValueTask<RetrieveResult>> receive)
{
    /// <summary>Most bytes that are on their way at a time, unless a chunk is larger.</summary>
    private const int MaxBytes = 32 << 20;

    /// <returns>What is in place.</returns>
    public async ValueTask<RetrieveResult> RunAsync(
        IDeviceKvMemory destination, TransferOptions options, int end, CancellationToken cancellationToken)
    {
        var shape = layout.Shapes[options.Shard];
        var window = Math.Max(MaxBytes / shape.PayloadBytes(layout.ChunkTokens), 1) * layout.ChunkTokens;
        var staging = new StagingMemory(shape, Math.Min(window, end - options.FirstToken));
        var started = client.Options.TimeProvider.GetTimestamp();
        var (token, bytes) = (options.FirstToken, 0L);
        using (var lane = new CopyLane(plane, DeviceCopyKind.HostToDevice))
        {
            while (token < end)
            {
                // A window ends with a chunk: what comes whole can be checked.
                var windowEnd = Math.Min(token - (token % layout.ChunkTokens) + window, end);
                staging.Begin(token, windowEnd - token);
                var part = options with { FirstToken = token, EndToken = windowEnd, LayerOrder = false };
                var received = await receive(staging, part, windowEnd, cancellationToken);
                if (received.Tokens == 0 || !TryCopyUp(lane, staging, destination, received.Tokens)) break;
                (token, bytes) = (received.EndToken, bytes + received.Bytes);
                if (token < windowEnd) break;
            }
        }

        // Layer by layer every token is incomplete until the last layer is there.
        if (options.LayerOrder && token < end) token = options.FirstToken;
        return new RetrieveResult(token, token - options.FirstToken, bytes, client.Options.TimeProvider.GetElapsedTime(started));
    }

    private bool TryCopyUp(CopyLane lane, StagingMemory staging, IDeviceKvMemory destination, int tokens)
    {
        try
        {
            staging.Copy(lane, destination, tokens, up: true);
            return true;
        }
        catch (DeviceException exception)
        {
            plane.Fail(exception);
            client.Failed("Retrieve", exception.Message);
            return false;
        }
    }
}
