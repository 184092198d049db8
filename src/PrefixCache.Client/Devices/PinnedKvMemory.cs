using System.Buffers;
using PrefixCache.Client.Memory;

namespace PrefixCache.Client.Devices;

/// <summary>The caller's host memory as copies of a device see it: each tile stays in its place until this is disposed.</summary>
internal sealed unsafe class PinnedKvMemory(IKvMemory memory) : IDeviceKvMemory, IDisposable
{
    private readonly List<MemoryHandle> _handles = [];

    public DeviceTile GetTile(int segment, int firstToken, int tokens)
    {
        var tile = memory.GetTile(segment, firstToken, tokens);
        if (tile.Tokens == 0) return default;
        var handle = tile.Memory.Pin();
        _handles.Add(handle);
        return new DeviceTile(new DeviceRange((ulong)handle.Pointer, tile.Memory.Length), tile.Tokens, tile.TokenStride, tile.PartBytes,
            tile.Parts, tile.PartStride);
    }

    public void Dispose()
    {
        foreach (var handle in _handles) handle.Dispose();
        _handles.Clear();
    }
}
