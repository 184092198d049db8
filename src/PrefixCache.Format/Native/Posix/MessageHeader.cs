using System.Runtime.InteropServices;

namespace PrefixCache.Format.Native.Posix;

/// <summary><c>struct msghdr</c> of 64-bit Linux (recvmsg(2)); the padding is the compiler's.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MessageHeader
{
    public void* Name;
    public uint NameLength;
    public IoVector* Vectors;
    public nuint VectorCount;
    public void* Control;
    public nuint ControlLength;
    public int Flags;
}
