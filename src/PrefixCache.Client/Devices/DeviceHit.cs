using PrefixCache.Client.Memory;
using PrefixCache.Client.SharedMemory;
using PrefixCache.Format.Devices;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Client.Devices;

/// <summary>A hit that this process's device can copy: out of its own memory, or out of the host's that this process maps.</summary>
internal sealed class DeviceHit(
    PrefixCacheClient client, DevicePlane plane, DeviceSession session, KvLayout layout, HitLocator locator)
{
    /// <summary>Copies the hit, or a part of it.</summary>
    /// <param name="destination">Memory of the device, or addresses in the host's.</param>
    /// <param name="toHost">The latter; the hit comes out of the device's memory then.</param>
    /// <returns>What is in place; null where nothing was copied: not all lies in memory that can be, or nothing in that of the device where
    /// only that is wanted.</returns>
    public async ValueTask<RetrieveResult?> TryRetrieveAsync(
        IDeviceKvMemory destination, TransferOptions options, int end, bool toHost, CancellationToken cancellationToken)
    {
        var started = client.Options.TimeProvider.GetTimestamp();
        var places = await locator.LocateAsync(options.Shard, cancellationToken);
        var copier = new DeviceHitCopier(destination, options, client.Options.TimeProvider);
        string failure;
        using (var device = Device(places, options, toHost))
        using (var host = Host(places, options, toHost))
        {
            var copies = Copies(places, device, host, options, end);
            if (copies.Count == 0 || (options.Source != TransferSource.Device && copies[^1].EndToken < end)) return null;
            failure = Copy(copier, copies, cancellationToken);
        }

        if (failure.Length > 0) client.Failed("Retrieve", failure);
        var elapsed = client.Options.TimeProvider.GetElapsedTime(started);
        return copier.Loads.Count == 0
            ? new RetrieveResult(options.FirstToken, 0, 0, elapsed, TransferPlane.Device)
            : RetrieveResult.Of(copier.EndToken, copier.EndToken - options.FirstToken, copier.Loads, elapsed);
    }

    private string Copy(DeviceHitCopier copier, List<DeviceChunkCopy> copies, CancellationToken cancellationToken)
    {
        try
        {
            copier.Copy(copies, cancellationToken);
            return copier.Failure;
        }
        catch (DeviceException exception)
        {
            plane.Fail(exception);
            return exception.Message;
        }
    }

    private HitSource? Device(HitPlaces places, TransferOptions options, bool toHost) =>
        options.Source != TransferSource.Host && session.Arena is { } arena && places.Device?.ArenaId == arena.ArenaId
            ? HitSource.Of(plane, arena, toHost)
            : null;

    private HitSource? Host(HitPlaces places, TransferOptions options, bool toHost) =>
        options.Source != TransferSource.Device && !toHost && places.Host?.ArenaId == session.Host.Arena.ArenaId
            ? HitSource.Of(plane, session.Host)
            : null;

    /// <summary>Chunk by chunk, as far as one follows the other.</summary>
    private List<DeviceChunkCopy> Copies(HitPlaces places, HitSource? device, HitSource? host, TransferOptions options, int end)
    {
        var copies = new List<DeviceChunkCopy>();
        var shape = layout.Shapes[options.Shard];
        for (var token = options.FirstToken; token < end;)
        {
            var position = token / layout.ChunkTokens;
            var chunkEnd = Math.Min((position + 1) * layout.ChunkTokens, end);
            var onDevice = device is null ? null : places.Device![position];
            if ((onDevice is null ? host : device) is not { } source) break;
            var extent = onDevice ?? places.Host![position];
            var slice = new ChunkSlice(shape, extent.Tokens, 0, shape.Segments, token - (position * layout.ChunkTokens), chunkEnd - token);
            copies.Add(new DeviceChunkCopy(source, extent, slice, token));
            token = chunkEnd;
        }

        return copies;
    }
}
