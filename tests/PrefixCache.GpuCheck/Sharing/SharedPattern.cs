using PrefixCache.Format.Devices;
using PrefixCache.GpuCheck.Memory;
using PrefixCache.GpuCheck.Processes;

namespace PrefixCache.GpuCheck.Sharing;

/// <summary>What both processes write to the memory that they share, and look for in it.</summary>
internal sealed class SharedPattern(IDevice device, IDeviceMemory memory) : IDisposable
{
    private readonly IDeviceStream _stream = device.OpenStream();
    private readonly PinnedPages _host = new(device, KvPattern.Llama(0).Bytes);

    public void Write(int seed)
    {
        KvPattern.Llama(seed).Fill(_host.Span);
        Copy(new DeviceCopy(DeviceCopyKind.HostToDevice, _host.Address, memory.Address, _host.Bytes));
    }

    /// <exception cref="CheckException">A byte is another.</exception>
    public void Verify(int seed)
    {
        _host.Span.Clear();
        Copy(new DeviceCopy(DeviceCopyKind.DeviceToHost, memory.Address, _host.Address, _host.Bytes));
        var expected = new byte[_host.Bytes];
        KvPattern.Llama(seed).Fill(expected);
        var common = _host.Span.CommonPrefixLength(expected);
        if (common < expected.Length) throw new CheckException($"Byte {common} of {expected.Length} is not what was written.");
    }

    public void Dispose()
    {
        _host.Dispose();
        _stream.Dispose();
    }

    private void Copy(DeviceCopy copy)
    {
        _stream.Copy(copy);
        using var mark = _stream.Record();
        mark.Wait();
    }
}
