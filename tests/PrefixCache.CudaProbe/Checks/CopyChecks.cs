using PrefixCache.Format.Devices;

namespace PrefixCache.CudaProbe.Checks;

/// <summary>Copies of all kinds against copies that the check makes itself.</summary>
internal static class CopyChecks
{
    private const int Bytes = 1 << 20;

    public static void Run()
    {
        foreach (var byHandles in new[] { false, true })
        {
            using IDevice device = TestDevice.Open(byHandles);
            var free = device.FreeBytes;
            using (IDeviceMemory memory = device.Allocate((2 * Bytes) + 1))
            using (IDeviceStream stream = device.OpenStream())
            {
                Expect.That(memory.Bytes > 2 * Bytes && device.FreeBytes < free);
                CheckPlain(stream, memory);
                CheckRows(device, stream, memory, isRegistered: false);
                CheckRows(device, stream, memory, isRegistered: true);
                CheckPolling(device, stream, memory);
            }
        }
    }

    private static void CheckPlain(IDeviceStream stream, IDeviceMemory memory)
    {
        var noise = TestDevice.Noise(Bytes, 1);
        stream.Write(memory.Address, noise);
        Expect.Same(noise, stream.Read(memory.Address, Bytes));
        stream.CopyNow(new DeviceCopy(DeviceCopyKind.DeviceToDevice, memory.Address + 5, memory.Address + Bytes, 1000));
        Expect.Same(noise.AsSpan(5, 1000), stream.Read(memory.Address + Bytes, 1000));
    }

    private static void CheckRows(IDevice device, IDeviceStream stream, IDeviceMemory memory, bool isRegistered)
    {
        using HostPages host = new(Bytes);
        if (isRegistered) device.Register(host.Start, host.Length);
        try
        {
            foreach (var kind in Enum.GetValues<DeviceCopyKind>())
            {
                DeviceCopy[] copies =
                [
                    new(kind, 0, 0, 1000) { Rows = 77, SourcePitch = 4096, DestinationPitch = 1024 },
                    new(kind, 0, 0, 1) { Rows = 3, SourcePitch = 1, DestinationPitch = 200_001 },
                    new(kind, 0, 0, 2048) { Rows = 100 },
                    new(kind, 0, 0, 300_000) { Rows = 1, SourcePitch = 1, DestinationPitch = 1 },
                ];
                foreach (DeviceCopy copy in copies) CheckRows(stream, memory, host, copy);
            }
        }
        finally
        {
            if (isRegistered) device.Unregister(host.Start);
        }
    }

    /// <summary>Who asks again and again sees the bytes with the first yes.</summary>
    private static void CheckPolling(IDevice device, IDeviceStream stream, IDeviceMemory memory)
    {
        using HostPages host = new(Bytes);
        device.Register(host.Start, host.Length);
        stream.Write(memory.Address, TestDevice.Noise(Bytes, 9));
        stream.Copy(new DeviceCopy(DeviceCopyKind.DeviceToHost, memory.Address, host.Address, Bytes));
        using IDeviceEvent mark = stream.Record();
        while (!mark.IsReached) Thread.Yield();
        Expect.Same(TestDevice.Noise(Bytes, 9), host.Span);
        device.Unregister(host.Start);
    }

    /// <summary>Fills both sides, copies, and compares all of the destination: what lies between the rows must stay.</summary>
    private static void CheckRows(IDeviceStream stream, IDeviceMemory memory, HostPages host, DeviceCopy copy)
    {
        byte[] from = TestDevice.Noise(Bytes, 2), to = TestDevice.Noise(Bytes, 3);
        var (source, destination) = copy.Kind switch
        {
            DeviceCopyKind.HostToDevice => (host.Address, memory.Address),
            DeviceCopyKind.DeviceToHost => (memory.Address, host.Address),
            _ => (memory.Address, memory.Address + Bytes),
        };
        Fill(stream, host, copy.Kind == DeviceCopyKind.HostToDevice, source, from);
        Fill(stream, host, copy.Kind == DeviceCopyKind.DeviceToHost, destination, to);
        stream.CopyNow(copy with { Source = source + 7, Destination = destination + 3 });
        for (var row = 0; row < copy.Rows; row++)
        {
            from.AsSpan((int)(7 + (row * copy.SourcePitch)), (int)copy.RowBytes)
                .CopyTo(to.AsSpan((int)(3 + (row * copy.DestinationPitch)), (int)copy.RowBytes));
        }

        Expect.Same(to, copy.Kind == DeviceCopyKind.DeviceToHost ? host.Span : stream.Read(destination, Bytes));
    }

    private static void Fill(IDeviceStream stream, HostPages host, bool isHost, ulong address, byte[] bytes)
    {
        if (isHost) bytes.CopyTo(host.Span);
        else stream.Write(address, bytes);
    }
}
