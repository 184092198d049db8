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
}
