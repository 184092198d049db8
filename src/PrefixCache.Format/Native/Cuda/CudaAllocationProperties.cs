using System.Runtime.InteropServices;

namespace PrefixCache.Format.Native.Cuda;

/// <summary><c>CUmemAllocationProp</c>, 32 bytes; all that is not set must be zero.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CudaAllocationProperties
{
    /// <summary><c>CUmemAllocationType</c>.</summary>
    public int Type;

    /// <summary><c>CUmemAllocationHandleType</c> flags of what it will be exported as.</summary>
    public int RequestedHandleTypes;

    public CudaLocation Location;

    public nint Win32HandleMetaData;

    public byte CompressionType;

    public byte GpuDirectRdmaCapable;

    public ushort Usage;

    public int Reserved;
}
