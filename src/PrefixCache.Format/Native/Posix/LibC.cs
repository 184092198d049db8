using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]

namespace PrefixCache.Format.Native.Posix;

/// <summary>
/// The C library calls that sharing memory needs, as they are. 64-bit Linux only: <c>off_t</c> and <c>size_t</c> have 64 bits.
/// </summary>
/// <remarks>
/// <c>fcntl</c> is variadic in C. Declaring it with its third argument fixed is right on the Linux ABIs of x64 and arm64, where variadic
/// integer arguments travel in the same registers (it is not on Apple's arm64).
/// </remarks>
internal static unsafe partial class LibC
{
    // mmap(2)
    public const int ProtectRead = 0x1;
    public const int ProtectWrite = 0x2;
    public const int MapShared = 0x01;

    // madvise(2)
    public const int AdviseDontFork = 10;
    public const int AdviseHugePage = 14;
    public const int AdviseDontDump = 16;
    public const int AdvisePopulateRead = 22;
    public const int AdvisePopulateWrite = 23;

    // F_GET_SEALS: fcntl(2), F_LINUX_SPECIFIC_BASE (1024) + 10
    public const int GetSeals = 1034;
    public const int SealShrink = 0x0002;
    public const int SealGrow = 0x0004;

    // sendmsg(2), recvmsg(2), cmsg(3)
    public const int SocketLevel = 1;
    public const int Rights = 1;
    public const int MessageDontWait = 0x40;
    public const int MessageNoSignal = 0x4000;
    public const int MessageControlTruncated = 0x08;
    public const int MessageCloseOnExec = 0x4000_0000;

    private const string Library = "libc";

    [LibraryImport(Library, EntryPoint = "mmap", SetLastError = true)]
    public static partial nint Map(nint address, nuint length, int protection, int flags, SafeFileHandle file, long offset);

    [LibraryImport(Library, EntryPoint = "munmap", SetLastError = true)]
    public static partial int Unmap(void* address, nuint length);

    [LibraryImport(Library, EntryPoint = "madvise", SetLastError = true)]
    public static partial int Advise(void* address, nuint length, int advice);

    [LibraryImport(Library, EntryPoint = "fcntl", SetLastError = true)]
    public static partial int FileControl(SafeFileHandle file, int command, int argument);

    [LibraryImport(Library, EntryPoint = "sendmsg", SetLastError = true)]
    public static partial nint SendMessage(SafeHandle socket, in MessageHeader message, int flags);

    [LibraryImport(Library, EntryPoint = "recvmsg", SetLastError = true)]
    public static partial nint ReceiveMessage(SafeHandle socket, ref MessageHeader message, int flags);
}
