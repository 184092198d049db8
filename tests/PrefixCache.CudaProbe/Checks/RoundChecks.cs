using PrefixCache.Format.Devices;

namespace PrefixCache.CudaProbe.Checks;

/// <summary>The same again and again, and from many threads: nothing may be left.</summary>
internal static class RoundChecks
{
    private const int Rounds = 1000;

    public static void Run()
    {
        foreach (var byHandles in new[] { false, true })
        {
            using IDevice device = TestDevice.Open(byHandles);
            using HostPages host = new(8192);
            Round(device, host); // what the driver takes once for itself
            var free = device.FreeBytes;
            var descriptors = Descriptors();
            for (var round = 0; round < Rounds; round++) Round(device, host);
            Expect.That(free - device.FreeBytes < 64 << 20); // a tenth of what one thing left a round would come to
            Expect.That(Descriptors() <= descriptors + 2);
        }

        for (var round = 0; round < 20; round++) TestDevice.Open().Dispose();
    }

    /// <summary>Threads that have nothing in common but the device, none of which keeps its context.</summary>
    public static void RunThreads()
    {
        using IDevice device = TestDevice.Open();
        Parallel.For(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 8 }, index =>
        {
            using IDeviceStream stream = device.OpenStream();
            using IDeviceMemory memory = device.Allocate(100_000);
            var noise = TestDevice.Noise(100_000, index);
            stream.Write(memory.Address, noise);
            Expect.Same(noise, stream.Read(memory.Address, noise.Length));
        });
    }

    private static void Round(IDevice device, HostPages host)
    {
        using IDeviceMemory memory = device.Allocate(5 << 20);
        using IDeviceStream stream = device.OpenStream();
        using (DeviceShare share = memory.Export()) Expect.Equal(memory.Bytes, share.Bytes);
        device.Register(host.Start, host.Length);
        stream.CopyNow(new DeviceCopy(DeviceCopyKind.HostToDevice, host.Address, memory.Address, host.Length));
        device.Unregister(host.Start);
        using IDeviceEvent abandoned = stream.Record();
    }

    private static int Descriptors() => Directory.GetFileSystemEntries("/proc/self/fd").Length;
}
