using System.Runtime.InteropServices;

namespace PrefixCache.Format.Native.Posix;

/// <summary>A <c>struct cmsghdr</c> of 64-bit Linux with room for the descriptors of one message (cmsg(3), unix(7)).</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct DescriptorControl
{
    /// <summary>More than are ever expected, so that a peer that sends more is noticed instead of cut short.</summary>
    public const int MaxDescriptors = 4;

    /// <summary>Of the header without descriptors.</summary>
    public const int HeaderBytes = 16;

    public nuint Length;
    public int Level;
    public int Type;
    public fixed int Descriptors[MaxDescriptors];
}
