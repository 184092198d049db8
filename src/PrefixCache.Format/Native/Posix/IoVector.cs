using System.Runtime.InteropServices;

namespace PrefixCache.Format.Native.Posix;

/// <summary><c>struct iovec</c> (readv(2)).</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct IoVector
{
    public void* Base;
    public nuint Length;
}
