using PrefixCache.Client.Memory;
using PrefixCache.Format.Layouts;

namespace PrefixCache.UnitTests.Tiles;

/// <summary>What a tile of a device's memory accepts, as one of host memory does, and the ranges that it is made of.</summary>
public class DeviceTileTests
{
    private static readonly DeviceRange Memory = new(1ul << 50, 1_000);

    [Theory]
    [InlineData(1, 0)]
    [InlineData(1, 999)]
    [InlineData(4, 10)]
    public void New_PartsBehindOneAnother_IsOnePart(int parts, int partStride)
    {
        var tile = new DeviceTile(Memory, 5, 10 * parts, 10, parts, partStride);
        Assert.Equal((1, 10 * parts, 0L, true), (tile.Parts, tile.PartBytes, tile.PartStride, tile.IsContiguous));
    }

    [Theory]
    [InlineData(0, 10, 10, 1, 0)]
    [InlineData(1, 10, 0, 1, 0)]
    [InlineData(1, 10, 10, 0, 0)]
    [InlineData(2, 9, 10, 1, 0)]
    [InlineData(2, -10, 10, 1, 0)]
    [InlineData(2, 10, 10, 2, 9)]
    [InlineData(11, 100, 100, 1, 0)]
    [InlineData(16, 16, 16, 4, 250)]
    [InlineData(int.MaxValue, long.MaxValue, 10, 1, 0)]
    [InlineData(2, 10, 10, int.MaxValue, long.MaxValue)]
    public void New_EmptyOverlappingOrBehindTheMemory_Throws(int tokens, long tokenStride, int partBytes, int parts, long partStride) =>
        Assert.ThrowsAny<ArgumentException>(() => new DeviceTile(Memory, tokens, tokenStride, partBytes, parts, partStride));

    [Fact]
    public void New_EndsWithTheMemory_Accepts() => Assert.Equal(4, new DeviceTile(Memory, 10, 25, 25, 4, 250).Parts);

    [Fact]
    public void Slice_OfASlice_KnowsTheAllocation()
    {
        var slice = Memory.Slice(100).Slice(50, 20);
        Assert.Equal((Memory.Address + 150, 20L, Memory.Address), (slice.Address, slice.Bytes, slice.Allocation));
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, -1)]
    [InlineData(1_000, 1)]
    [InlineData(1, 1_000)]
    [InlineData(long.MaxValue, long.MaxValue)]
    public void Slice_NotWithinTheRange_Throws(long offset, long bytes) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Memory.Slice(offset, bytes));

    [Fact]
    public void New_RangeOverTheEndOfAllAddresses_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new DeviceRange(ulong.MaxValue - 9, 10_000));

    [Fact]
    public void GetTile_OfACacheAbove2GiB_LiesWhereItShould()
    {
        var shape = KvLayout.Uniform("m", "r", KvType.BFloat16, 32, 8, 128).Shapes[0];
        var memory = new ContiguousDeviceKvMemory(new DeviceRange(1ul << 50, 32L << 30), shape, 1 << 18);

        Assert.Equal((1ul << 50) + (63ul * (1ul << 18) * 2_048) + (200_000ul * 2_048), memory.GetTile(63, 200_000, 5).Memory.Address);
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.GetTile(0, (1 << 18) - 4, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.GetTile(0, -1, 1));
    }

    [Fact]
    public void New_CacheLargerThanItsMemory_Throws()
    {
        var shape = KvLayout.Uniform("m", "r", KvType.BFloat16, 1, 1, 8).Shapes[0];

        Assert.Throws<ArgumentOutOfRangeException>(() => new ContiguousDeviceKvMemory(Memory, shape, 32));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PagedDeviceKvMemory([Memory], shape, [0], 16));
    }
}
