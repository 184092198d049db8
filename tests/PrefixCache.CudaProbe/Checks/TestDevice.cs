using PrefixCache.Format.Devices;
using PrefixCache.Format.Native.Cuda;

namespace PrefixCache.CudaProbe.Checks;

/// <summary>The first device, opened, and copies that are waited for.</summary>
internal static class TestDevice
{
    public static IDevice Open(bool byHandles = false)
    {
        CudaDriver driver = byHandles ? CudaDriver.ByHandles : CudaDriver.Instance;
        return driver.Open(driver.List()[0].Uuid);
    }

    public static void CopyNow(this IDeviceStream stream, DeviceCopy copy)
    {
        stream.Copy(copy);
        using IDeviceEvent mark = stream.Record();
        mark.Wait();
        Expect.That(mark.IsReached);
    }

    /// <summary>What a device has at an address.</summary>
    public static byte[] Read(this IDeviceStream stream, ulong address, int bytes)
    {
        using HostPages pages = new(bytes);
        stream.CopyNow(new DeviceCopy(DeviceCopyKind.DeviceToHost, address, pages.Address, bytes));
        return pages.Span.ToArray();
    }

    public static void Write(this IDeviceStream stream, ulong address, ReadOnlySpan<byte> bytes)
    {
        using HostPages pages = new(bytes.Length);
        bytes.CopyTo(pages.Span);
        stream.CopyNow(new DeviceCopy(DeviceCopyKind.HostToDevice, pages.Address, address, bytes.Length));
    }

    public static byte[] Noise(int bytes, int seed)
    {
        var noise = new byte[bytes];
#pragma warning disable CA5394 // nothing is secret here
        new Random(seed).NextBytes(noise);
#pragma warning restore CA5394
        return noise;
    }
}
