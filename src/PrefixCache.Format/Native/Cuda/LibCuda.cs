using System.Runtime.InteropServices;

namespace PrefixCache.Format.Native.Cuda;

/// <summary>The calls of the CUDA driver API that moving KV needs, as they are (docs.nvidia.com/cuda/cuda-driver-api).</summary>
/// <remarks>
/// All return a <c>CUresult</c>, an int: 0 = success. A <c>CUdevice</c> is an int; <c>CUdeviceptr</c> and
/// <c>CUmemGenericAllocationHandle</c> have 64 bits; contexts, streams and events are pointers; enums have 32 bits. The calls stand in the
/// order of that manual's sections. The names end in <c>_v2</c> where the header maps the plain
/// name to that: the plain symbol is the older call, with other types. To be called after <see cref="CudaLibrary.Load"/>.
/// </remarks>
internal static unsafe partial class LibCuda
{
    public const string Library = "libcuda.so.1";

    // CUdevice_attribute: section "Data types used by CUDA driver"
    public const int AttributeMaxPitch = 11;
    public const int AttributeVirtualMemory = 102;
    public const int AttributeFileDescriptors = 103;
    public const int AttributeReadOnlyRegistration = 113;

    // CUmemAllocationType, CUmemAllocationHandleType, CUmemLocationType, CUmemAccess_flags, CUmemAllocationGranularity_flags
    public const int AllocationPinned = 1;
    public const int HandlePosixDescriptor = 1;
    public const int LocationDevice = 1;
    public const int AccessReadWrite = 3;
    public const int GranularityMinimum = 0;

    // CUmemorytype
    public const int MemoryHost = 1;
    public const int MemoryDevice = 2;

    // CU_MEMHOSTREGISTER_*
    public const uint RegisterPortable = 0x01;
    public const uint RegisterReadOnly = 0x08;

    // CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS: the only flag that cuIpcOpenMemHandle takes, and it must be given
    public const uint IpcLazyPeerAccess = 0x01;

    // CUstream_flags, CUevent_flags
    public const uint StreamNonBlocking = 0x01;
    public const uint EventBlockingSync = 0x01;
    public const uint EventDisableTiming = 0x02;

    /// <summary>Every symbol that is called below: a driver that lacks one is too old.</summary>
    public static readonly string[] Symbols =
    [
        "cuInit", "cuDriverGetVersion", "cuGetErrorName", "cuGetErrorString", "cuDeviceGetCount", "cuDeviceGet", "cuDeviceGetName",
        "cuDeviceGetUuid_v2", "cuDeviceTotalMem_v2", "cuDeviceGetAttribute", "cuDevicePrimaryCtxRetain", "cuDevicePrimaryCtxRelease_v2",
        "cuCtxPushCurrent_v2", "cuCtxPopCurrent_v2", "cuMemGetInfo_v2", "cuMemAlloc_v2", "cuMemFree_v2", "cuMemGetAllocationGranularity",
        "cuMemCreate", "cuMemRelease", "cuMemAddressReserve", "cuMemAddressFree", "cuMemMap", "cuMemUnmap", "cuMemSetAccess",
        "cuMemExportToShareableHandle", "cuMemImportFromShareableHandle", "cuIpcGetMemHandle", "cuIpcOpenMemHandle_v2",
        "cuIpcCloseMemHandle", "cuMemHostRegister_v2", "cuMemHostUnregister", "cuMemcpyHtoDAsync_v2", "cuMemcpyDtoHAsync_v2",
        "cuMemcpyDtoDAsync_v2", "cuMemcpy2DAsync_v2", "cuStreamCreate", "cuStreamDestroy_v2", "cuStreamSynchronize", "cuEventCreate",
        "cuEventRecord", "cuEventQuery", "cuEventSynchronize", "cuEventDestroy_v2",
    ];

    // Initialization, version management, error handling. The strings are the driver's and stay.
    [LibraryImport(Library, EntryPoint = "cuInit")]
    public static partial int Init(uint flags);

    [LibraryImport(Library, EntryPoint = "cuDriverGetVersion")]
    public static partial int DriverGetVersion(out int version);

    [LibraryImport(Library, EntryPoint = "cuGetErrorName")]
    public static partial int GetErrorName(int error, out byte* name);

    [LibraryImport(Library, EntryPoint = "cuGetErrorString")]
    public static partial int GetErrorString(int error, out byte* text);

    // Device management
    [LibraryImport(Library, EntryPoint = "cuDeviceGetCount")]
    public static partial int DeviceGetCount(out int count);

    [LibraryImport(Library, EntryPoint = "cuDeviceGet")]
    public static partial int DeviceGet(out int device, int ordinal);

    [LibraryImport(Library, EntryPoint = "cuDeviceGetName")]
    public static partial int DeviceGetName(byte* name, int length, int device);

    /// <param name="uuid">16 bytes (<c>CUuuid</c>).</param>
    [LibraryImport(Library, EntryPoint = "cuDeviceGetUuid_v2")]
    public static partial int DeviceGetUuid(byte* uuid, int device);

    [LibraryImport(Library, EntryPoint = "cuDeviceTotalMem_v2")]
    public static partial int DeviceTotalMem(out nuint bytes, int device);

    [LibraryImport(Library, EntryPoint = "cuDeviceGetAttribute")]
    public static partial int DeviceGetAttribute(out int value, int attribute, int device);

    // Primary context management, context management
    [LibraryImport(Library, EntryPoint = "cuDevicePrimaryCtxRetain")]
    public static partial int DevicePrimaryCtxRetain(out nint context, int device);

    [LibraryImport(Library, EntryPoint = "cuDevicePrimaryCtxRelease_v2")]
    public static partial int DevicePrimaryCtxRelease(int device);

    [LibraryImport(Library, EntryPoint = "cuCtxPushCurrent_v2")]
    public static partial int CtxPushCurrent(nint context);

    [LibraryImport(Library, EntryPoint = "cuCtxPopCurrent_v2")]
    public static partial int CtxPopCurrent(out nint context);

    // Memory management
    [LibraryImport(Library, EntryPoint = "cuMemGetInfo_v2")]
    public static partial int MemGetInfo(out nuint free, out nuint total);

    [LibraryImport(Library, EntryPoint = "cuMemAlloc_v2")]
    public static partial int MemAlloc(out ulong address, nuint bytes);

    [LibraryImport(Library, EntryPoint = "cuMemFree_v2")]
    public static partial int MemFree(ulong address);

    [LibraryImport(Library, EntryPoint = "cuIpcGetMemHandle")]
    public static partial int IpcGetMemHandle(out CudaIpcHandle handle, ulong address);

    [LibraryImport(Library, EntryPoint = "cuIpcOpenMemHandle_v2")]
    public static partial int IpcOpenMemHandle(out ulong address, CudaIpcHandle handle, uint flags);

    [LibraryImport(Library, EntryPoint = "cuIpcCloseMemHandle")]
    public static partial int IpcCloseMemHandle(ulong address);

    [LibraryImport(Library, EntryPoint = "cuMemHostRegister_v2")]
    public static partial int MemHostRegister(nint start, nuint bytes, uint flags);

    [LibraryImport(Library, EntryPoint = "cuMemHostUnregister")]
    public static partial int MemHostUnregister(nint start);

    [LibraryImport(Library, EntryPoint = "cuMemcpyHtoDAsync_v2")]
    public static partial int MemcpyHtoDAsync(ulong destination, nint source, nuint bytes, nint stream);

    [LibraryImport(Library, EntryPoint = "cuMemcpyDtoHAsync_v2")]
    public static partial int MemcpyDtoHAsync(nint destination, ulong source, nuint bytes, nint stream);

    [LibraryImport(Library, EntryPoint = "cuMemcpyDtoDAsync_v2")]
    public static partial int MemcpyDtoDAsync(ulong destination, ulong source, nuint bytes, nint stream);

    [LibraryImport(Library, EntryPoint = "cuMemcpy2DAsync_v2")]
    public static partial int Memcpy2DAsync(in CudaCopy2D copy, nint stream);

    // Virtual memory management
    [LibraryImport(Library, EntryPoint = "cuMemGetAllocationGranularity")]
    public static partial int MemGetAllocationGranularity(out nuint bytes, in CudaAllocationProperties properties, int option);

    [LibraryImport(Library, EntryPoint = "cuMemCreate")]
    public static partial int MemCreate(out ulong handle, nuint bytes, in CudaAllocationProperties properties, ulong flags);

    [LibraryImport(Library, EntryPoint = "cuMemRelease")]
    public static partial int MemRelease(ulong handle);

    [LibraryImport(Library, EntryPoint = "cuMemAddressReserve")]
    public static partial int MemAddressReserve(out ulong address, nuint bytes, nuint alignment, ulong wish, ulong flags);

    [LibraryImport(Library, EntryPoint = "cuMemAddressFree")]
    public static partial int MemAddressFree(ulong address, nuint bytes);

    [LibraryImport(Library, EntryPoint = "cuMemMap")]
    public static partial int MemMap(ulong address, nuint bytes, nuint offset, ulong handle, ulong flags);

    [LibraryImport(Library, EntryPoint = "cuMemUnmap")]
    public static partial int MemUnmap(ulong address, nuint bytes);

    [LibraryImport(Library, EntryPoint = "cuMemSetAccess")]
    public static partial int MemSetAccess(ulong address, nuint bytes, in CudaAccess access, nuint count);

    /// <param name="descriptor">An int for <see cref="HandlePosixDescriptor"/>.</param>
    [LibraryImport(Library, EntryPoint = "cuMemExportToShareableHandle")]
    public static partial int MemExportToShareableHandle(out int descriptor, ulong handle, int kind, ulong flags);

    /// <param name="descriptor">The int itself, widened to a pointer, not its address.</param>
    [LibraryImport(Library, EntryPoint = "cuMemImportFromShareableHandle")]
    public static partial int MemImportFromShareableHandle(out ulong handle, nint descriptor, int kind);

    // Stream management
    [LibraryImport(Library, EntryPoint = "cuStreamCreate")]
    public static partial int StreamCreate(out nint stream, uint flags);

    [LibraryImport(Library, EntryPoint = "cuStreamDestroy_v2")]
    public static partial int StreamDestroy(nint stream);

    [LibraryImport(Library, EntryPoint = "cuStreamSynchronize")]
    public static partial int StreamSynchronize(nint stream);

    // Event management
    [LibraryImport(Library, EntryPoint = "cuEventCreate")]
    public static partial int EventCreate(out nint mark, uint flags);

    [LibraryImport(Library, EntryPoint = "cuEventRecord")]
    public static partial int EventRecord(nint mark, nint stream);

    [LibraryImport(Library, EntryPoint = "cuEventQuery")]
    public static partial int EventQuery(nint mark);

    [LibraryImport(Library, EntryPoint = "cuEventSynchronize")]
    public static partial int EventSynchronize(nint mark);

    [LibraryImport(Library, EntryPoint = "cuEventDestroy_v2")]
    public static partial int EventDestroy(nint mark);
}
