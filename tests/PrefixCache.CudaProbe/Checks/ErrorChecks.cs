using PrefixCache.Format.Devices;
using PrefixCache.Format.Native.Cuda;

namespace PrefixCache.CudaProbe.Checks;

/// <summary>What callers are told.</summary>
internal static class ErrorChecks
{
    public static void Run()
    {
        Expect.Refuses(() => CudaDriver.Instance.Open(Guid.Empty), "GPU-00000000-0000-0000-0000-000000000000");
        foreach (var byHandles in new[] { false, true })
        {
            using IDevice device = TestDevice.Open(byHandles);
            CudaException lack = Expect.Throws<CudaException>(() => device.Allocate(1L << 50));
            Expect.That(lack.IsOutOfMemory);
            Expect.Equal("CUDA_ERROR_OUT_OF_MEMORY", lack.Name);
            Expect.Equal(byHandles ? "cuMemAlloc_v2" : "cuMemCreate", lack.Call);
            device.Allocate(1).Dispose(); // it is well
            CheckArguments(device);
        }

        IDevice gone = TestDevice.Open();
        gone.Dispose();
        gone.Dispose();
        Expect.Throws<ObjectDisposedException>(() => gone.Allocate(1));
    }

    public static void RunWithoutDriver()
    {
        for (var attempt = 0; attempt < 2; attempt++)
        {
            Expect.Refuses(() => CudaDriver.Instance.List(), "libcuda.so.1 was not found");
            Expect.Refuses(() => CudaDriver.Instance.Open(Guid.Empty), "libcuda.so.1 was not found");
            Expect.Refuses(() => _ = CudaDriver.Version, "libcuda.so.1 was not found");
        }
    }

    public static void RunWithOldDriver() => Expect.Refuses(() => CudaDriver.Instance.List(), "too old");

    public static void RunWithoutDevice()
    {
        Expect.Equal(0, CudaDriver.Instance.List().Count);
        Expect.Refuses(() => CudaDriver.Instance.Open(Guid.Empty), "among the 0");
    }

    /// <summary>A device without virtual memory shares by handles unasked, and maps no descriptors.</summary>
    public static void RunLegacy()
    {
        using IDevice device = TestDevice.Open();
        using IDeviceMemory memory = device.Allocate(1);
        using (DeviceShare share = memory.Export()) Expect.That(share.Handle is not null);
        using DeviceShare descriptor = new(File.OpenHandle("/dev/null"), 1);
        Expect.Refuses(() => device.Import(descriptor), "descriptor");
    }

    private static void CheckArguments(IDevice device)
    {
        Expect.Throws<ArgumentOutOfRangeException>(() => device.Allocate(0));
        Expect.Throws<ArgumentOutOfRangeException>(() => device.Register(4096, 0));
        using IDeviceMemory memory = device.Allocate(1);
        IDeviceStream stream = device.OpenStream();
        DeviceCopy copy = new(DeviceCopyKind.DeviceToDevice, memory.Address, memory.Address + 4096, 100);
        Expect.Throws<ArgumentOutOfRangeException>(() => stream.Copy(copy with { RowBytes = 0 }));
        Expect.Throws<ArgumentOutOfRangeException>(() => stream.Copy(copy with { Rows = 0 }));
        Expect.Throws<ArgumentOutOfRangeException>(() => stream.Copy(copy with { Rows = 2, SourcePitch = 99, DestinationPitch = 100 }));
        stream.CopyNow(copy);
        stream.Dispose();
        stream.Dispose();
        Expect.Throws<ObjectDisposedException>(() => stream.Copy(copy));
        Expect.Throws<ObjectDisposedException>(() => stream.Record());
    }
}
