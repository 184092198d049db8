using PrefixCache.Client.Memory;
using PrefixCache.Client.Transfers;
using PrefixCache.Format.Copying;
using PrefixCache.Format.Devices;
using PrefixCache.Format.Layouts;
using PrefixCache.Format.SharedMemory;
using PrefixCache.Grpc;

namespace PrefixCache.Client.Devices;

/// <summary>KV in the memory of this process's device: it copies into the arena, or into host memory that is sent.</summary>
/// <remarks>
/// When a call of it has ended, in whatever way, and after <see cref="Dispose"/>, nothing is copied any more. One transfer's.
/// </remarks>
/// <param name="host">The arena that the session may write; null = it shares none.</param>
internal sealed class DeviceStoreSource(DevicePlane plane, RegisteredArena? host, IDeviceKvMemory memory, int chunkTokens)
    : IStoreSource, IDisposable
{
    private readonly CopyLane _intoArena = new(plane, DeviceCopyKind.DeviceToHost, host?.Memory);
    private readonly CopyLane _intoStaging = new(plane, DeviceCopyKind.DeviceToHost);
    private StagingMemory? _staging;

    /// <inheritdoc/>
    /// <exception cref="RpcException">The device fails.</exception>
    public ulong[] Write(ArenaView arena, long offset, ShardShape shape, int firstToken, int tokens)
    {
        if (host?.Arena != arena) throw new RpcException(StatusCode.Aborted, "The node granted memory that the device does not know.");
        var whole = ChunkSlice.Whole(shape, tokens);
        var target = host.AddressOf(offset, whole.Bytes);
        try
        {
            for (var segment = 0; segment < shape.Segments; segment++)
            {
                var run = new SegmentTokens(segment, firstToken, tokens, shape.SegmentBytesPerToken(segment));
                var flat = target + (ulong)whole.Run(segment).Offset;
                DeviceTileCopy.Plan(_intoArena.Batch, _intoArena.Kind, flat, memory, run, intoTiles: false);
            }

            _intoArena.Queue();
            _intoArena.Wait();
        }
        catch (DeviceException exception)
        {
            throw Failed(exception);
        }
        catch
        {
            // Whoever hears of it says that this process writes no more.
            Dispose();
            throw;
        }

        PayloadCopy.Fence();
        // No processor has seen the bytes: the node does, in the background.
        return [];
    }

    /// <inheritdoc/>
    /// <exception cref="RpcException">The device fails.</exception>
    public IKvMemory Read(ShardShape shape, int firstToken, int tokens)
    {
        _staging ??= new StagingMemory(shape, chunkTokens);
        _staging.Begin(firstToken, tokens);
        try
        {
            _staging.Copy(_intoStaging, memory, tokens, up: false);
        }
        catch (DeviceException exception)
        {
            throw Failed(exception);
        }

        return _staging;
    }

    public void Dispose()
    {
        _intoArena.Dispose();
        _intoStaging.Dispose();
    }

    /// <summary>Ends the store as a call that fails does.</summary>
    private RpcException Failed(DeviceException exception)
    {
        Dispose();
        plane.Fail(exception);
        return new RpcException(StatusCode.Aborted, exception.Message);
    }
}
