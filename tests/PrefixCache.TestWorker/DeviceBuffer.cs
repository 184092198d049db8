using System.Runtime.InteropServices;
using PrefixCache.Client.Memory;
using PrefixCache.Format.Devices;
using PrefixCache.Format.Layouts;

namespace PrefixCache.TestWorker;

/// <summary>An engine's memory on a device for one sequence, [segment][tokens][bytes per token].</summary>
public sealed class DeviceBuffer : IDisposable
{
    private readonly IDeviceMemory _memory;
    private readonly IDeviceStream _stream;
    private readonly int _bytes;

    public DeviceBuffer(IDevice device, KvLayout layout, int tokens, int shard = 0)
    {
        var shape = layout.Shapes[shard];
        _bytes = shape.PayloadBytes(tokens);
        _memory = device.Allocate(_bytes);
        _stream = device.OpenStream();
        Kv = new ContiguousDeviceKvMemory(new DeviceRange(_memory), shape, tokens);
        Write(new byte[_bytes]);
    }

    public ContiguousDeviceKvMemory Kv { get; }

    /// <summary>Puts all of it there.</summary>
    public void Write(byte[] bytes) => Copy(bytes, DeviceCopyKind.HostToDevice);

    /// <summary>All of it.</summary>
    public byte[] Read()
    {
        var bytes = new byte[_bytes];
        Copy(bytes, DeviceCopyKind.DeviceToHost);
        return bytes;
    }

    public void Dispose()
    {
        _stream.Dispose();
        _memory.Dispose();
    }

    private void Copy(byte[] bytes, DeviceCopyKind kind)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, _bytes, nameof(bytes));
        var pin = GCHandle.Alloc(bytes, GCHandleType.Pinned);
        try
        {
            var host = (ulong)pin.AddrOfPinnedObject();
            _stream.Copy(kind == DeviceCopyKind.HostToDevice
                ? new DeviceCopy(kind, host, _memory.Address, _bytes)
                : new DeviceCopy(kind, _memory.Address, host, _bytes));
            using var mark = _stream.Record();
            mark.Wait();
        }
        finally
        {
            pin.Free();
        }
    }
}
