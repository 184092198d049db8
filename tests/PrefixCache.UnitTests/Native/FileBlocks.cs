using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PrefixCache.UnitTests.Native;

/// <summary>How much memory or disk a file really occupies: statx(2), whose layout is the same on all architectures.</summary>
internal static unsafe partial class FileBlocks
{
    private const int AtEmptyPath = 0x1000;
    private const uint StatxBlocks = 0x400;
    private const int StructBytes = 256;
    private const int BlocksOffset = 48;
    private const int BlockBytes = 512;

    public static long AllocatedBytes(SafeFileHandle file)
    {
        byte* result = stackalloc byte[StructBytes];
        Assert.Equal(0, Statx(file, "", AtEmptyPath, StatxBlocks, result));
        return *(long*)(result + BlocksOffset) * BlockBytes;
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Statx(SafeFileHandle folder, string path, int flags, uint mask, byte* result);
}
