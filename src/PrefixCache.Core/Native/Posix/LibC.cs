using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]

namespace PrefixCache.Core.Native.Posix;

/// <summary>The C library calls that memory needs, as they are. 64-bit Linux only: <c>off_t</c> and <c>size_t</c> have 64 bits.</summary>
/// <remarks>
/// <c>fcntl</c> is variadic in C. Declaring it with its third argument fixed is right on the Linux ABIs of x64 and arm64, where variadic
/// integer arguments travel in the same registers (it is not on Apple's arm64).
/// </remarks>
internal static unsafe partial class LibC
{
    private const string Library = "libc";

    // memfd_create(2)
    public const uint CloseOnExec = 0x0001;
    public const uint AllowSealing = 0x0002;
    public const uint HugePool = 0x0004;

    // The logarithm of the page's size goes here: MFD_HUGE_2MB, MFD_HUGE_1GB
    public const int HugeSizeShift = 26;

    // F_ADD_SEALS: fcntl(2), F_LINUX_SPECIFIC_BASE (1024) + 9
    public const int AddSeals = 1033;
    public const int SealSeal = 0x0001;
    public const int SealShrink = 0x0002;
    public const int SealGrow = 0x0004;
    public const int SealFutureWrite = 0x0010;

    // F_SETFL: fcntl(2), O_APPEND: open(2), the same on x64 and arm64
    public const int SetFlags = 4;
    public const int Append = 0x400;

    // SOL_SOCKET: socket(7)
    public const int SocketLevel = 1;

    // eventfd(2)
    public const int EventCloseOnExec = 0x80000;
    public const int EventNonBlocking = 0x800;

    // pidfd_open(2); the number is the same on all architectures
    public const long OpenProcessCall = 434;

    // getrlimit(2); 8 on both architectures (not on mips, sparc and alpha)
    public const int ResourceLimitMemoryLock = 8;

    [LibraryImport(Library, EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int MemoryFileCreate(string name, uint flags);

    [LibraryImport(Library, EntryPoint = "ftruncate", SetLastError = true)]
    public static partial int Truncate(SafeFileHandle file, long length);

    [LibraryImport(Library, EntryPoint = "fallocate", SetLastError = true)]
    public static partial int Allocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport(Library, EntryPoint = "fcntl", SetLastError = true)]
    public static partial int FileControl(SafeFileHandle file, int command, int argument);

    [LibraryImport(Library, EntryPoint = "poll", SetLastError = true)]
    public static partial int Poll(ref PollDescriptor descriptors, nuint count, int milliseconds);

    [LibraryImport(Library, EntryPoint = "eventfd", SetLastError = true)]
    public static partial int EventDescriptor(uint value, int flags);

    [LibraryImport(Library, EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(SafeFileHandle file, ref long value, nuint length);

    [LibraryImport(Library, EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(SafeFileHandle file, ref long value, nuint length);

    [LibraryImport(Library, EntryPoint = "fchmod", SetLastError = true)]
    public static partial int ChangeMode(SafeFileHandle file, uint mode);

    [LibraryImport(Library, EntryPoint = "getsockopt", SetLastError = true)]
    public static partial int GetSocketOption(SafeHandle socket, int level, int option, void* value, ref uint length);

    [LibraryImport(Library, EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();

    /// <summary>syscall(2), for calls that the C library has no name for everywhere.</summary>
    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    public static partial long SystemCall(long number, long first, long second);

    [LibraryImport(Library, EntryPoint = "mlock", SetLastError = true)]
    public static partial int Lock(void* address, nuint length);

    [LibraryImport(Library, EntryPoint = "getrlimit", SetLastError = true)]
    public static partial int GetResourceLimit(int resource, out ResourceLimit limit);
}
