using Microsoft.Win32.SafeHandles;
using PrefixCache.Format.Devices;
using PrefixCache.Format.Native.Posix;

namespace PrefixCache.CudaProbe.Checks;

/// <summary>Registered memory: piece by piece, twice, and of a mapping that this process may only read.</summary>
internal static class RegistrationChecks
{
    private const int Bytes = 1 << 20;

    public static void Run()
    {
        using IDevice device = TestDevice.Open();
        using IDeviceStream stream = device.OpenStream();
        using IDeviceMemory memory = device.Allocate(Bytes);
        CheckPieces(device, stream, memory);
        CheckRefusals(device);
        CheckReadOnly(device, stream, memory);
    }

    private static void CheckPieces(IDevice device, IDeviceStream stream, IDeviceMemory memory)
    {
        using HostPages host = new(Bytes);
        var noise = TestDevice.Noise(Bytes, 4);
        noise.CopyTo(host.Span);
        using RegisteredMemory registered = new(device, host.Start, host.Length, pieceBytes: 64 << 10);
        registered.Copy(stream, new DeviceCopy(DeviceCopyKind.HostToDevice, host.Address, memory.Address, Bytes));
        using (IDeviceEvent mark = stream.Record()) mark.Wait();
        Expect.That(registered.Refusal is null);
        Expect.Same(noise, stream.Read(memory.Address, Bytes));
        DeviceCopy down = new(DeviceCopyKind.DeviceToHost, memory.Address, host.Address + 11, 5000) { Rows = 40, DestinationPitch = 9000 };
        registered.Copy(stream, down);
        using (IDeviceEvent mark = stream.Record()) mark.Wait();
        byte[] expected = [.. noise];
        for (var row = 0; row < 40; row++) noise.AsSpan(row * 5000, 5000).CopyTo(expected.AsSpan(11 + (row * 9000)));
        Expect.Same(expected, host.Span);
    }

    private static void CheckRefusals(IDevice device)
    {
        using HostPages host = new(Bytes);
        device.Register(host.Start, Bytes);
        Expect.Refuses(() => device.Register(host.Start, 4096), "CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED");
        device.Unregister(host.Start);
        Expect.That(device.FreeBytes > 0); // a refusal leaves the device well
    }

    private static void CheckReadOnly(IDevice device, IDeviceStream stream, IDeviceMemory memory)
    {
        var path = $"/dev/shm/prefixcache-probe-{Guid.NewGuid():N}"; // memory, as the arena is
        var noise = TestDevice.Noise(Bytes, 5);
        File.WriteAllBytes(path, noise);
        using SafeFileHandle file = File.OpenHandle(path);
        File.Delete(path);
        using MemoryMapping mapping = MemoryMapping.Map(file, Bytes, writable: false);
        nint start;
        unsafe
        {
            start = (nint)mapping.Pointer;
        }

        device.Register(start, Bytes);
        stream.CopyNow(new DeviceCopy(DeviceCopyKind.HostToDevice, (ulong)start, memory.Address, Bytes));
        device.Unregister(start);
        Expect.Same(noise, stream.Read(memory.Address, Bytes));
    }
}
