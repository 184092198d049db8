using Microsoft.Win32.SafeHandles;
using PrefixCache.Core.Native.Posix;
using PrefixCache.Format.Native.Posix;

namespace PrefixCache.UnitTests.Native;

public unsafe class MemoryFileTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(4_096)]
    [InlineData(1 << 20)]
    public void Create_Resized_IsRefusedBySeals(long newLength)
    {
        using MemoryFile file = MemoryFile.Create("test", 65_536);

        Assert.ThrowsAny<Exception>(() => RandomAccess.SetLength(file.Handle, newLength));

        Assert.Equal(65_536, RandomAccess.GetLength(file.Handle));
        file.Pointer[65_535] = 1;
    }

    [Fact]
    public void Create_OthersMayNotWrite_OnlyItsOwnMappingWrites()
    {
        using MemoryFile file = MemoryFile.Create("test", 4_096, othersMayWrite: false);
        using MemoryMapping reader = file.MapAgain(writable: false);

        file.Pointer[1] = 2;

        Assert.Equal(2, reader.Pointer[1]);
        Assert.Throws<PosixException>(() => file.MapAgain(writable: true));
        Assert.ThrowsAny<Exception>(() => RandomAccess.Write(file.Handle, [1], 0));
        Assert.Equal(0, reader.Pointer[0]);
    }

    [Fact]
    public void Create_Pages_AreReservedAtOnce()
    {
        using MemoryFile file = MemoryFile.Create("test", 4 << 20);

        Assert.Equal(4 << 20, FileBlocks.AllocatedBytes(file.Handle));
    }

    [Fact]
    public void MapAgain_WrittenThroughTheFirst_IsSeenThroughTheSecond()
    {
        using MemoryFile file = MemoryFile.Create("test", 10_000);
        using MemoryMapping second = file.MapAgain(writable: false);

        file.Pointer[9_999] = 77;

        Assert.NotEqual((nint)file.Pointer, (nint)second.Pointer);
        Assert.Equal(10_000, second.Length);
        Assert.Equal(77, second.Pointer[9_999]);
    }

    [Fact]
    [System.Runtime.Versioning.SupportedOSPlatform("linux")]
    public void Create_Mode_IsTheOwnersAlone()
    {
        using MemoryFile file = MemoryFile.Create("test", 4_096);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file.Handle));
    }

    [Fact]
    public void OpenReadOnly_Descriptor_ReadsButNeverWrites()
    {
        using MemoryFile file = MemoryFile.Create("test", 4_096);
        using SafeFileHandle reader = file.OpenReadOnly();
        using MemoryMapping mapping = MemoryMapping.Map(reader, 4_096, writable: false);

        file.Pointer[3] = 9;

        Assert.Equal(9, mapping.Pointer[3]);
        Assert.Equal("EACCES", Assert.Throws<PosixException>(() => MemoryMapping.Map(reader, 4_096, writable: true)).ErrnoName);
        Assert.ThrowsAny<Exception>(() => RandomAccess.Write(reader, [1], 0));
        Assert.Equal(0, file.Pointer[0]);
    }

    [Fact]
    public void Map_Mapping_IsLeftOutOfForksAndCoreDumps()
    {
        using MemoryFile file = MemoryFile.Create("test", 4_096);

        // proc(5): dc = do not copy on fork, dd = do not include in a core dump
        string[] flags = Smaps((nint)file.Pointer, "VmFlags:");
        Assert.Contains("dc", flags);
        Assert.Contains("dd", flags);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Populate_WholeMapping_IsResidentAndKeepsItsBytes(bool writable)
    {
        using MemoryFile file = MemoryFile.Create("test", 1 << 20);
        file.Pointer[70_000] = 3;
        using MemoryMapping mapping = file.MapAgain(writable);
        Assert.Equal("0", Smaps((nint)mapping.Pointer, "Rss:")[0]);

        mapping.Populate(0, mapping.Length, writable);

        Assert.Equal("1024", Smaps((nint)mapping.Pointer, "Rss:")[0]);
        Assert.Equal(3, mapping.Pointer[70_000]);
    }

    [Theory]
    [InlineData(-4_096, 4_096)]
    [InlineData(0, 0)]
    [InlineData(0, 8_193)]
    [InlineData(8_192, 4_096)]
    [InlineData(long.MaxValue, long.MaxValue)]
    public void Populate_OutsideTheMapping_Throws(long offset, long length)
    {
        using MemoryFile file = MemoryFile.Create("test", 8_192);
        using MemoryMapping mapping = file.MapAgain(writable: true);

        Assert.Throws<ArgumentOutOfRangeException>(() => mapping.Populate(offset, length, writable: true));
    }

    [Fact]
    public void Dispose_Twice_ReleasesOnceAndForbidsUse()
    {
        MemoryFile file = MemoryFile.Create("test", 4_096);
        file.Dispose();
        file.Dispose();

        Assert.True(file.Handle.IsClosed);
        Assert.Throws<ObjectDisposedException>(() => _ = *file.Pointer);
    }

    [Fact]
    public void Dispose_SecondMappingAlive_KeepsItsBytes()
    {
        MemoryFile file = MemoryFile.Create("test", 4_096);
        using MemoryMapping second = file.MapAgain(writable: false);
        file.Pointer[5] = 6;
        file.Dispose();

        Assert.Equal(6, second.Pointer[5]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void Create_NoLength_Throws(long length) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => MemoryFile.Create("test", length));

    [Fact]
    public void Create_NameTooLong_ThrowsWithErrno()
    {
        PosixException e = Assert.Throws<PosixException>(() => MemoryFile.Create(new string('x', 250), 4_096));

        Assert.Equal("memfd_create", e.Call);
        Assert.Equal("EINVAL", e.ErrnoName);
        Assert.Equal(22, e.Errno);
        Assert.Contains("memfd_create failed: EINVAL (22)", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Map_FileNotOpenForWriting_ThrowsWithErrno()
    {
        string path = Path.GetTempFileName();
        try
        {
            using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read);

            PosixException e = Assert.Throws<PosixException>(() => MemoryMapping.Map(file, 4_096, writable: true));

            Assert.Equal("mmap", e.Call);
            Assert.Equal("EACCES", e.ErrnoName);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>The words of one line that /proc/self/smaps has for the mapping that begins there.</summary>
    private static string[] Smaps(nint start, string name) => File.ReadLines("/proc/self/smaps")
        .SkipWhile(line => !line.StartsWith($"{start:x}-", StringComparison.Ordinal))
        .First(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..]
        .Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
