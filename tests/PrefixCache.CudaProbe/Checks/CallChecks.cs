using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using PrefixCache.Format.Native.Cuda;

namespace PrefixCache.CudaProbe.Checks;

/// <summary>Every declared call, with bytes around each result that must stay.</summary>
internal static unsafe class CallChecks
{
    private const byte Canary = 0xA5;

    private delegate int Call<T>(out T result);

    public static void Run()
    {
        Expect.That(CudaLibrary.Load());
        Expect.That(Get((out int version) => LibCuda.DriverGetVersion(out version)) is >= 11_040 and < 100_000);
        Expect.That(CudaDriver.Version >= 11_040);
        CheckErrors();
        var device = CheckDevice();
        var context = Get((out nint found) => LibCuda.DevicePrimaryCtxRetain(out found, device));
        Must(LibCuda.CtxPushCurrent(context));
        var free = Get((out nuint bytes) => LibCuda.MemGetInfo(out bytes, out _));
        Expect.That(free <= Get((out nuint total) => LibCuda.MemGetInfo(out _, out total)));
        CheckPlainMemory();
        CheckVirtualMemory(device);
        CheckStream();
        Expect.Equal(context, Get((out nint popped) => LibCuda.CtxPopCurrent(out popped)));
        Must(LibCuda.DevicePrimaryCtxRelease(device));
    }

    private static void CheckErrors()
    {
        Must(LibCuda.GetErrorName(CudaResult.OutOfMemory, out var name));
        Expect.Equal("CUDA_ERROR_OUT_OF_MEMORY", Marshal.PtrToStringUTF8((nint)name));
        Must(LibCuda.GetErrorString(CudaResult.OutOfMemory, out var text));
        Expect.Equal("out of memory", Marshal.PtrToStringUTF8((nint)text));
        CudaException odd = CudaException.From(12_345, "cuNothing");
        Expect.That(odd.Message.Contains("12345", StringComparison.Ordinal) && odd.Code == 12_345 && odd.Call == "cuNothing");
    }

    private static int CheckDevice()
    {
        Expect.That(Get((out int count) => LibCuda.DeviceGetCount(out count)) is >= 1 and < 1000);
        var device = Get((out int found) => LibCuda.DeviceGet(out found, 0));
        Expect.That(Get((out nuint bytes) => LibCuda.DeviceTotalMem(out bytes, device)) >= 1 << 20);
        Expect.That(Get((out int pitch) => LibCuda.DeviceGetAttribute(out pitch, LibCuda.AttributeMaxPitch, device)) > 0);
        var uuid = stackalloc byte[32];
        new Span<byte>(uuid, 32).Fill(Canary);
        Must(LibCuda.DeviceGetUuid(uuid + 8, device));
        Expect.That(new ReadOnlySpan<byte>(uuid, 8).IndexOfAnyExcept(Canary) < 0);
        Expect.That(new ReadOnlySpan<byte>(uuid + 24, 8).IndexOfAnyExcept(Canary) < 0);
        Expect.Equal(new Guid(new ReadOnlySpan<byte>(uuid + 8, 16), bigEndian: true), CudaDriver.Instance.List()[0].Uuid);
        Expect.That(CudaDriver.Instance.List()[0].Name.Length is > 3 and < 100);
        return device;
    }

    private static void CheckPlainMemory()
    {
        var address = Get((out ulong taken) => LibCuda.MemAlloc(out taken, 4 << 20));
        Expect.That(address != 0);
        CudaIpcHandle handle = Get((out CudaIpcHandle found) => LibCuda.IpcGetMemHandle(out found, address));
        Expect.That(new ReadOnlySpan<byte>(handle.Reserved, 64).IndexOfAnyExcept((byte)0) >= 0);
        Expect.That(LibCuda.IpcOpenMemHandle(out _, handle, LibCuda.IpcLazyPeerAccess) != CudaResult.Success); // of this process
        Must(LibCuda.MemFree(address));
    }

    private static void CheckVirtualMemory(int device)
    {
        CudaLocation location = new() { Type = LibCuda.LocationDevice, Id = device };
        CudaAllocationProperties properties = new()
        {
            Type = LibCuda.AllocationPinned,
            RequestedHandleTypes = LibCuda.HandlePosixDescriptor,
            Location = location,
        };
        var bytes = Get((out nuint found) => LibCuda.MemGetAllocationGranularity(out found, properties, LibCuda.GranularityMinimum));
        Expect.That(bytes is >= 4096 and <= 1 << 30);
        var handle = Get((out ulong made) => LibCuda.MemCreate(out made, bytes, properties, 0));
        var address = Get((out ulong made) => LibCuda.MemAddressReserve(out made, bytes, 0, 0, 0));
        Must(LibCuda.MemMap(address, bytes, 0, handle, 0));
        Must(LibCuda.MemSetAccess(address, bytes, new CudaAccess { Location = location, Flags = LibCuda.AccessReadWrite }, 1));
        var descriptor = Get((out int made) => LibCuda.MemExportToShareableHandle(out made, handle, LibCuda.HandlePosixDescriptor, 0));
        using (SafeFileHandle owner = new(descriptor, ownsHandle: true))
        {
            var second = Get((out ulong made) => LibCuda.MemImportFromShareableHandle(out made, descriptor, LibCuda.HandlePosixDescriptor));
            Must(LibCuda.MemRelease(second));
        }

        Must(LibCuda.MemUnmap(address, bytes));
        Must(LibCuda.MemAddressFree(address, bytes));
        Must(LibCuda.MemRelease(handle));
    }

    private static void CheckStream()
    {
        var stream = Get((out nint made) => LibCuda.StreamCreate(out made, LibCuda.StreamNonBlocking));
        var mark = Get((out nint made) => LibCuda.EventCreate(out made, LibCuda.EventBlockingSync | LibCuda.EventDisableTiming));
        Must(LibCuda.EventRecord(mark, stream));
        Must(LibCuda.EventSynchronize(mark));
        Must(LibCuda.EventQuery(mark));
        Must(LibCuda.StreamSynchronize(stream));
        Must(LibCuda.EventDestroy(mark));
        Must(LibCuda.StreamDestroy(stream));
    }

    private static void Must(int code) => CudaException.ThrowIfFailed(code, "a call of the check");

    /// <summary>What a call gives; the bytes before and behind must stay as they were.</summary>
    private static T Get<T>(Call<T> call)
        where T : unmanaged
    {
        const int Before = 16;
        var room = stackalloc byte[Before + sizeof(T) + Before];
        Span<byte> all = new(room, Before + sizeof(T) + Before);
        all.Fill(Canary);
        ref T result = ref Unsafe.As<byte, T>(ref room[Before]);
        Must(call(out result));
        Expect.That(all[..Before].IndexOfAnyExcept(Canary) < 0 && all[(Before + sizeof(T))..].IndexOfAnyExcept(Canary) < 0);
        return result;
    }
}
