using System.Runtime.InteropServices;
using PrefixCache.Format.Devices;

namespace PrefixCache.Format.Native.Cuda;

/// <summary>NVIDIA's devices, through the CUDA driver API of <c>libcuda.so.1</c>: no toolkit is needed. Thread-safe.</summary>
/// <remarks>
/// The library is loaded with the first call, and stays. Which devices there are, and their order, follow <c>CUDA_VISIBLE_DEVICES</c>.
/// A process that was forked after that cannot use the driver: start workers before, or as new processes.
/// </remarks>
public sealed class CudaDriver : IDeviceDriver
{
    private const int NameBytes = 256;

    private readonly bool _sharesByHandle;

    private CudaDriver(bool sharesByHandle) => _sharesByHandle = sharesByHandle;

    public static CudaDriver Instance { get; } = new(sharesByHandle: false);

    /// <summary>Takes memory with <c>cuMemAlloc</c> and shares it by handles wherever it is used: to check that way.</summary>
    internal static CudaDriver ByHandles { get; } = new(sharesByHandle: true);

    /// <summary>The driver's library is there; whether it works and has a device is not asked.</summary>
    public static bool IsInstalled => NativeLibrary.TryLoad(LibCuda.Library, typeof(CudaDriver).Assembly, null, out _);

    /// <summary>The CUDA version that the driver brings, such as 12040 for 12.4.</summary>
    /// <exception cref="DeviceException">There is no driver, or it does not work.</exception>
    public static int Version
    {
        get
        {
            CudaLibrary.Load();
            CudaException.ThrowIfFailed(LibCuda.DriverGetVersion(out var version), "cuDriverGetVersion");
            return version;
        }
    }

    public IReadOnlyList<DeviceIdentity> List()
    {
        if (!CudaLibrary.Load()) return [];
        var devices = new DeviceIdentity[Count()];
        for (var ordinal = 0; ordinal < devices.Length; ordinal++) devices[ordinal] = Identify(DeviceAt(ordinal));
        return devices;
    }

    public IDevice Open(Guid uuid)
    {
        var count = CudaLibrary.Load() ? Count() : 0;
        for (var ordinal = 0; ordinal < count; ordinal++)
        {
            var device = DeviceAt(ordinal);
            if (UuidOf(device) == uuid) return new CudaDevice(device, Identify(device), _sharesByHandle);
        }

        throw new DeviceException(
            $"There is no device GPU-{uuid} among the {count} that this process may use: see nvidia-smi -L, and CUDA_VISIBLE_DEVICES.");
    }

    private static int Count()
    {
        CudaException.ThrowIfFailed(LibCuda.DeviceGetCount(out var count), "cuDeviceGetCount");
        return count;
    }

    private static int DeviceAt(int ordinal)
    {
        CudaException.ThrowIfFailed(LibCuda.DeviceGet(out var device, ordinal), "cuDeviceGet");
        return device;
    }

    private static unsafe DeviceIdentity Identify(int device)
    {
        var name = stackalloc byte[NameBytes];
        CudaException.ThrowIfFailed(LibCuda.DeviceGetName(name, NameBytes, device), "cuDeviceGetName");
        CudaException.ThrowIfFailed(LibCuda.DeviceTotalMem(out var bytes, device), "cuDeviceTotalMem_v2");
        return new DeviceIdentity(UuidOf(device), Marshal.PtrToStringUTF8((nint)name) ?? "", (long)bytes);
    }

    private static unsafe Guid UuidOf(int device)
    {
        var uuid = stackalloc byte[16];
        CudaException.ThrowIfFailed(LibCuda.DeviceGetUuid(uuid, device), "cuDeviceGetUuid_v2");
        return new Guid(new ReadOnlySpan<byte>(uuid, 16), bigEndian: true);
    }
}
