using System.Runtime.InteropServices;

namespace PrefixCache.Format.Native.Cuda;

/// <summary><c>CUipcMemHandle</c>: 64 bytes (<c>CU_IPC_HANDLE_SIZE</c>), which calls take by value.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CudaIpcHandle
{
    public fixed byte Reserved[64];
}
