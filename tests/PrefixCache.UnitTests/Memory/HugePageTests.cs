using PrefixCache.Core.Memory;

namespace PrefixCache.UnitTests.Memory;

public unsafe class HugePageTests
{
    private const long Mebibyte = 1 << 20;
    private const string Pool = "sys/kernel/mm/hugepages/hugepages-2048kB/";
    private const string Mode = "sys/kernel/mm/transparent_hugepage/shmem_enabled";

    [Fact]
    public void Create_PoolTooSmall_SaysHowManyPagesToWriteWhere()
    {
        using FakeRoot root = WithPool(pages: 10, free: 4, reserved: 1);

        InsufficientHostMemoryException e = Assert.Throws<InsufficientHostMemoryException>(
            () => Make(15 * Mebibyte, HugePages.TwoMiB, root));

        Assert.Equal(16 * Mebibyte, e.AskedBytes);
        Assert.Equal(6 * Mebibyte, e.UsableBytes);
        Assert.Contains("16MiB takes 8 huge pages of 2MiB, and 3 are free", e.Message, StringComparison.Ordinal);
        Assert.Contains($"write 15 into /{Pool}nr_hugepages", e.Message, StringComparison.Ordinal);
        Assert.Contains("set the capacity to 6MiB or less", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_SizeThatTheMachineLacks_SaysSo()
    {
        using FakeRoot root = WithPool(pages: 10, free: 10, reserved: 0);

        InsufficientHostMemoryException e = Assert.Throws<InsufficientHostMemoryException>(
            () => Make(Mebibyte, HugePages.OneGiB, root));

        Assert.Contains("no huge pages of 1GiB: /sys/kernel/mm/hugepages/hugepages-1048576kB", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void HugePages_SurplusAllowed_CountsAsFree()
    {
        using FakeRoot root = WithPool(pages: 10, free: 2, reserved: 2).Write(Pool + "nr_overcommit_hugepages", "7\n")
            .Write(Pool + "surplus_hugepages", "3\n");

        Assert.Equal(4, new SystemMemory(root.Path).HugePages(2 * Mebibyte).FreePages);
    }

    [Theory]
    [InlineData("always within_size advise [never] deny force\n", "never")]
    [InlineData("always within_size [advise] never deny force\n", "advise")]
    [InlineData("nonsense", "")]
    public void SharedHugePageMode_OfTheFile_IsTheWordInBrackets(string text, string expected)
    {
        using FakeRoot root = new FakeRoot(availableKibibytes: 1).Write(Mode, text);

        Assert.Equal(expected, new SystemMemory(root.Path).SharedHugePageMode());
    }

    [Fact]
    public void SharedHugePageMode_NoFile_IsEmpty()
    {
        using FakeRoot root = new(availableKibibytes: 1);

        Assert.Equal("", new SystemMemory(root.Path).SharedHugePageMode());
    }

    [Fact]
    public void Create_AutoWhereTheKernelGivesNone_WorksAndNamesTheFix()
    {
        using FakeRoot root = new FakeRoot(availableKibibytes: 1 << 20).Write(Mode, "always within_size advise [never] deny force\n");

        using Arena arena = Make(4 * Mebibyte, HugePages.Auto, root);

        Assert.Equal(4 * Mebibyte, arena.CapacityBytes);
        Assert.False(arena.Pages.IsInEffect);
        Assert.Contains($"write advise into /{Mode}", arena.Pages.Describe(), StringComparison.Ordinal);
    }

    [Fact]
    public void Create_AutoOnThisMachine_AllOfItIsTakenAndItsUseIsTold()
    {
        using Arena arena = Arena.Create(new ArenaOptions { CapacityBytes = 8 * Mebibyte, HugePages = HugePages.Auto });

        arena.Base[arena.CapacityBytes - 1] = 5;

        Assert.Equal(8 * Mebibyte, Native.FileBlocks.AllocatedBytes(arena.File.Handle));
        Assert.InRange(arena.Pages.HugeBytes, 0, 8 * Mebibyte);
        if (SystemMemory.Machine.SharedHugePageMode() is "never" or "deny" or "") Assert.Equal(0, arena.Pages.HugeBytes);
        Assert.Contains(
            arena.Pages.IsInEffect ? "8 of 8MiB" : "of 8MiB lie in huge pages", arena.Pages.Describe(), StringComparison.Ordinal);
    }

    [Fact]
    public void Create_FromThePoolOfThisMachine_LiesInItOrSaysWhyNot()
    {
        ArenaOptions options = new() { CapacityBytes = (3 * Mebibyte) + 1, HugePages = HugePages.TwoMiB };
        HugePagePool before = SystemMemory.Machine.HugePages(2 * Mebibyte);
        if (before.FreePages < 2)
        {
            InsufficientHostMemoryException e = Assert.Throws<InsufficientHostMemoryException>(() => Arena.Create(options));
            Assert.Contains(before.IsSupported ? "into " + before.Path : before.Path, e.Message, StringComparison.Ordinal);
            return;
        }

        using (Arena arena = Arena.Create(options))
        {
            arena.Base[arena.CapacityBytes - 1] = 7;

            Assert.Equal(4 * Mebibyte, arena.CapacityBytes);
            Assert.True(arena.Pages.IsInEffect);
            Assert.True(arena.IsNeverSwapped);
            Assert.Equal(before.FreePages - 2, SystemMemory.Machine.HugePages(2 * Mebibyte).FreePages);
            using Format.Native.Posix.MemoryMapping second = arena.File.MapAgain(writable: false);
            Assert.Equal(7, second.Pointer[arena.CapacityBytes - 1]);
        }

        Assert.Equal(before.FreePages, SystemMemory.Machine.HugePages(2 * Mebibyte).FreePages);
    }

    [Theory]
    [InlineData(90, true)]
    [InlineData(89, false)]
    [InlineData(0, false)]
    public void IsInEffect_PartOfTheArena_FromNineTenths(long hugeMebibytes, bool expected) =>
        Assert.Equal(expected, new HugePageUse(HugePages.Auto, hugeMebibytes * Mebibyte, 100 * Mebibyte, "advise").IsInEffect);

    [Fact]
    public void Describe_MemoryInPieces_NamesCompaction() => Assert.Contains("/proc/sys/vm/compact_memory",
        new HugePageUse(HugePages.Auto, Mebibyte, 100 * Mebibyte, "advise").Describe(), StringComparison.Ordinal);

    [Fact]
    public void HugeBytes_SeveralMappings_CountsThoseOfTheRange()
    {
        string[] lines =
        [
            "1000-5000 rw-s 00000000 00:01 1 /memfd:other (deleted)", "ShmemPmdMapped:     1 kB",
            "5000-7000 rw-s 00000000 00:01 2 /memfd:arena (deleted)", "Rss: 8 kB", "ShmemPmdMapped:     2 kB", "FilePmdMapped:  4 kB",
            "7000-9000 rw-s 00002000 00:01 2 /memfd:arena (deleted)", "ShmemPmdMapped:     8 kB", "VmFlags: rd wr sh lo",
            "9000-a000 rw-p 00000000 00:00 0", "ShmemPmdMapped:    16 kB",
        ];

        Assert.Equal(14 * 1024, MappedPages.HugeBytes(lines, 0x5000, 0x4000));
    }

    private static Arena Make(long capacity, HugePages pages, FakeRoot root) =>
        Arena.Create(new ArenaOptions { CapacityBytes = capacity, HugePages = pages }, new SystemMemory(root.Path));

    private static FakeRoot WithPool(int pages, int free, int reserved) => new FakeRoot(availableKibibytes: 1 << 20)
        .Write(Pool + "nr_hugepages", $"{pages}\n").Write(Pool + "free_hugepages", $"{free}\n")
        .Write(Pool + "resv_hugepages", $"{reserved}\n");
}
