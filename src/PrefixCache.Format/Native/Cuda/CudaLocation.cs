using System.Runtime.InteropServices;

namespace PrefixCache.Format.Native.Cuda;

/// <summary><c>CUmemLocation</c>, 8 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CudaLocation
{
    /// <summary><c>CUmemLocationType</c>.</summary>
    public int Type;

    /// <summary>The <c>CUdevice</c>.</summary>
    public int Id;
}
