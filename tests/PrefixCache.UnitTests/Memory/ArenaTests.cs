using System.Buffers;
using PrefixCache.Core.Memory;
using PrefixCache.UnitTests.Native;

namespace PrefixCache.UnitTests.Memory;

public unsafe class ArenaTests
{
    private const long Mebibyte = 1 << 20;

    [Fact]
    public void Create_WithinBudget_GivesZeroedMemoryOfThatSize()
    {
        using Arena arena = Arena.Create(new ArenaOptions { CapacityBytes = Mebibyte + 5 });

        Assert.Equal(Mebibyte, arena.CapacityBytes);
        Assert.NotEqual(Guid.Empty, arena.Id);
        Assert.Equal(0, (nint)arena.Base % 4_096);
        Assert.False(arena.Span(0, (int)Mebibyte).ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void Create_OverTheCgroupsLimit_IsRefusedWithTheFix()
    {
        using FakeRoot root = new FakeRoot(availableKibibytes: 1 << 20)
            .Write("proc/self/cgroup", "0::/node\n")
            .WithV2Limit("node", $"{100 * Mebibyte}", 20 * Mebibyte);
        ArenaOptions options = new() { CapacityBytes = 77 * Mebibyte };

        InsufficientHostMemoryException e =
            Assert.Throws<InsufficientHostMemoryException>(() => Arena.Create(options, new SystemMemory(root.Path)));

        Assert.Equal(77 * Mebibyte, e.AskedBytes);
        Assert.Equal(80 * Mebibyte, e.Available.Bytes);
        Assert.Equal(76 * Mebibyte, e.UsableBytes);
        Assert.Contains("A capacity of 77MiB", e.Message, StringComparison.Ordinal);
        Assert.Contains("80MiB are available", e.Message, StringComparison.Ordinal);
        Assert.Contains("/sys/fs/cgroup/node/memory.max", e.Message, StringComparison.Ordinal);
        Assert.Contains("Set the capacity to 76MiB or less", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_ExactlyWhatTheBudgetLeaves_IsAccepted()
    {
        using FakeRoot root = new(availableKibibytes: 4_096);

        using Arena arena = Arena.Create(
            new ArenaOptions { CapacityBytes = 3 * Mebibyte, HeadroomFraction = 0.25 }, new SystemMemory(root.Path));

        Assert.Equal(3 * Mebibyte, arena.CapacityBytes);
    }

    [Theory]
    [InlineData(0, 0.05)]
    [InlineData(4_095, 0.05)]
    [InlineData(4_096, 1.0)]
    [InlineData(4_096, -0.1)]
    [InlineData(4_096, double.NaN)]
    public void Create_OptionOutOfRange_Throws(long capacity, double headroom) =>
        Assert.Throws<ArgumentOutOfRangeException>(
            () => Arena.Create(new ArenaOptions { CapacityBytes = capacity, HeadroomFraction = headroom }));

    [Fact]
    public void Create_NotReserved_MayBeLargerThanTheMachine()
    {
        using Arena arena = Arena.Create(new ArenaOptions { CapacityBytes = 4L << 40, ReserveMemory = false });

        Assert.Equal(0, FileBlocks.AllocatedBytes(arena.File.Handle));
        arena.Span(arena.CapacityBytes - 1, 1)[0] = 7;
        Assert.Equal(4_096, FileBlocks.AllocatedBytes(arena.File.Handle));
    }

    [Fact]
    public void Slice_WrittenThroughMemory_IsInTheArena()
    {
        using Arena arena = Arena.Create(new ArenaOptions { CapacityBytes = 8_192 });

        ArenaMemory slice = arena.Slice(4_000, 200);
        slice.Memory.Span.Fill(0xAB);
        using (MemoryHandle pin = slice.Memory[7..].Pin()) Assert.Equal((nint)(arena.Base + 4_007), (nint)pin.Pointer);

        Assert.Equal(200, slice.Memory.Length);
        Assert.Equal(0, arena.Base[3_999]);
        Assert.False(arena.Span(4_000, 200).ContainsAnyExcept((byte)0xAB));
        Assert.Equal(0, arena.Base[4_200]);
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, -1)]
    [InlineData(0, 8_193)]
    [InlineData(8_192, 1)]
    [InlineData(long.MaxValue, int.MaxValue)]
    public void Slice_OutsideTheArena_Throws(long offset, int length)
    {
        using Arena arena = Arena.Create(new ArenaOptions { CapacityBytes = 8_192 });

        Assert.Throws<ArgumentOutOfRangeException>(() => arena.Slice(offset, length));
        Assert.Throws<ArgumentOutOfRangeException>(() => arena.Span(offset, length).Clear());
    }

    [Fact]
    public void Slice_ArenaDisposed_ThrowsInsteadOfTouchingMemory()
    {
        Arena arena = Arena.Create(new ArenaOptions { CapacityBytes = 8_192 });
        ArenaMemory slice = arena.Slice(0, 10);
        arena.Dispose();
        arena.Dispose();

        Assert.Throws<ObjectDisposedException>(() => slice.GetSpan().Clear());
    }
}
