using System.Runtime.InteropServices;

namespace PrefixCache.Format.Native.Cuda;

/// <summary><c>CUDA_MEMCPY2D</c> of the <c>_v2</c> calls: 16 fields of 8 bytes, the two types with padding; 128 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CudaCopy2D
{
    public nuint SourceX;
    public nuint SourceY;

    /// <summary><c>CUmemorytype</c>.</summary>
    public int SourceType;

    public nint SourceHost;
    public ulong SourceDevice;
    public nint SourceArray;
    public nuint SourcePitch;

    public nuint DestinationX;
    public nuint DestinationY;

    /// <summary><c>CUmemorytype</c>.</summary>
    public int DestinationType;

    public nint DestinationHost;
    public ulong DestinationDevice;
    public nint DestinationArray;
    public nuint DestinationPitch;

    public nuint WidthInBytes;
    public nuint Height;
}
