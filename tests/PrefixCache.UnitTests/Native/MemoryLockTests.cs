using System.Globalization;
using PrefixCache.Core.Native.Posix;
using PrefixCache.Format.Native.Posix;

namespace PrefixCache.UnitTests.Native;

public unsafe class MemoryLockTests
{
    [Fact]
    public void LimitBytes_ThisProcess_EqualsProcLimits()
    {
        // Max locked memory     8388608              8388608              bytes
        string line = File.ReadLines("/proc/self/limits").First(line => line.StartsWith("Max locked memory", StringComparison.Ordinal));
        string soft = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3];
        long expected = soft == "unlimited" ? long.MaxValue : long.Parse(soft, CultureInfo.InvariantCulture);

        Assert.Equal(expected, MemoryLock.LimitBytes());
    }

    [Fact]
    public void TryLock_MappedMemory_LocksOrSaysWhyNot()
    {
        using MemoryFile file = MemoryFile.Create("test", 16_384);

        MemoryLockResult result = MemoryLock.TryLock(file.Pointer, file.Length);

        Assert.Equal(16_384, result.AskedBytes);
        Assert.Equal(result.IsLocked, result.Errno == 0);
        if (MemoryLock.LimitBytes() > 1 << 20) Assert.True(result.IsLocked, result.Describe());
    }

    [Fact]
    public void TryLock_UnmappedMemory_IsRefusedWithErrnoNotThrown()
    {
        // Above every address that user space has on x64 and arm64, so nothing is ever mapped there.
        MemoryLockResult result = MemoryLock.TryLock((byte*)0x7FFF_FFFF_F000_0000, 4_096);

        Assert.True(result.IsRefused);
        Assert.Equal(Errno.OutOfMemory, result.Errno);
        Assert.Contains("ENOMEM", result.Describe(), StringComparison.Ordinal);
        Assert.Contains("LimitMEMLOCK", result.Describe(), StringComparison.Ordinal);
    }
}
