using System.Runtime.InteropServices;

namespace PrefixCache.Core.Native.Posix;

/// <summary><c>struct pollfd</c> (poll(2)).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollDescriptor
{
    /// <summary>POLLIN.</summary>
    public const short Readable = 1;

    public int Descriptor;
    public short Events;
    public short Returned;
}
