using System.Runtime.InteropServices;

namespace PrefixCache.Format.Native.Cuda;

/// <summary><c>CUmemAccessDesc</c>, 12 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CudaAccess
{
    public CudaLocation Location;

    /// <summary><c>CUmemAccess_flags</c>.</summary>
    public int Flags;
}
