using System.Diagnostics;
using System.Globalization;
using PrefixCache.Format.Devices;

namespace PrefixCache.CudaProbe.Checks;

/// <summary>How fast a device copies, whole and in rows, from and to memory registered and not. Nothing is checked.</summary>
internal static class SpeedFigures
{
    private const int Bytes = 64 << 20;

    private const int Times = 10;

    public static void Print()
    {
        using IDevice device = TestDevice.Open();
        using IDeviceStream stream = device.OpenStream();
        using IDeviceMemory memory = device.Allocate(2L * Bytes);
        using HostPages host = new(Bytes);
        host.Span.Fill(1);
        Console.WriteLine($"{device.Identity.Name}, {device.FreeBytes >> 20} MiB free of {device.Identity.TotalBytes >> 20}");
        foreach (var isRegistered in new[] { false, true })
        {
            var clock = Stopwatch.GetTimestamp();
            if (isRegistered) device.Register(host.Start, host.Length);
            if (isRegistered) Console.WriteLine($"registering {Bytes >> 20} MiB: {Stopwatch.GetElapsedTime(clock).TotalMilliseconds:0} ms");
            foreach (var rowBytes in new[] { Bytes, 64 << 10, 2 << 10 })
            {
                foreach (var kind in Enum.GetValues<DeviceCopyKind>())
                    Measure(stream, CopyOf(kind, host, memory, rowBytes), isRegistered);
            }
        }

        MeasureWait(stream, new DeviceCopy(DeviceCopyKind.HostToDevice, host.Address, memory.Address, 4096));
        device.Unregister(host.Start);
    }

    /// <summary>Half of the bytes, every second row: as a part of a chunk's tokens lies in it.</summary>
    private static DeviceCopy CopyOf(DeviceCopyKind kind, HostPages host, IDeviceMemory memory, int rowBytes)
    {
        var source = kind == DeviceCopyKind.HostToDevice ? host.Address : memory.Address;
        var destination = kind == DeviceCopyKind.DeviceToHost ? host.Address : memory.Address + Bytes;
        DeviceCopy copy = new(kind, source, destination, rowBytes);
        return rowBytes == Bytes ? copy : copy with { Rows = Bytes / rowBytes / 2, SourcePitch = rowBytes * 2 };
    }

    private static void Measure(IDeviceStream stream, DeviceCopy copy, bool isRegistered)
    {
        stream.CopyNow(copy);
        var start = Stopwatch.GetTimestamp();
        for (var time = 0; time < Times; time++) stream.Copy(copy);
        var queued = Stopwatch.GetElapsedTime(start);
        using (IDeviceEvent mark = stream.Record()) mark.Wait();
        var speed = copy.Bytes * Times / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{copy.Kind}, {(isRegistered ? "registered" : "not registered")}, rows of {copy.RowBytes >> 10} KiB: {speed:0.0} GB/s, "
            + $"queueing one {queued.TotalMicroseconds / Times:0} us"));
    }

    private static void MeasureWait(IDeviceStream stream, DeviceCopy copy)
    {
        const int Waits = 200;
        var start = Stopwatch.GetTimestamp();
        for (var time = 0; time < Waits; time++) stream.CopyNow(copy);
        Console.WriteLine($"4 KiB, queued and waited for: {Stopwatch.GetElapsedTime(start).TotalMicroseconds / Waits:0} us");
    }
}
