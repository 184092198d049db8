using System.Runtime.InteropServices;

namespace PrefixCache.Core.Native.Posix;

/// <summary><c>struct rlimit</c> (getrlimit(2)) with 64-bit fields; <see cref="ulong.MaxValue"/> stands for no limit.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ResourceLimit
{
    public ulong Current;
    public ulong Maximum;
}
