using PrefixCache.Format.Copying;
using PrefixCache.Format.Hashing;
using PrefixCache.UnitTests.Hashing;

namespace PrefixCache.UnitTests.Copying;

/// <summary>What a copy's caller may do wrong, and the sizes around the borders of XXH3's paths.</summary>
public sealed unsafe class SegmentCopyTests : IDisposable
{
    private const int Length = 70_000;

    private readonly GuardedBlock _source = new GuardedBlock(Length).FillRandom(new Random(1));
    private readonly GuardedBlock _destination = new(Length);

    public void Dispose()
    {
        ((IDisposable)_source).Dispose();
        ((IDisposable)_destination).Dispose();
    }

    [Fact]
    public void Append_EveryLengthTo2100InOnePiece_EqualsHash()
    {
        foreach (var width in Xxh3Widths.Available)
        {
            for (var length = 0; length <= 2_100; length++)
            {
                var copy = new SegmentCopy(length, width);
                copy.Append(_source.Pointer, _destination.Pointer, length);
                if (copy.Finish() != Hash(length)) Assert.Fail($"{width} differs from the hash at length {length}.");
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(64)]
    [InlineData(100)]
    [InlineData(256)]
    [InlineData(1_000)]
    [InlineData(1_024)]
    public void Append_LengthsAroundBlocksInEqualPieces_EqualsHash(int piece)
    {
        foreach (var multiple in (int[])[1_024, 4_096, 65_536])
        {
            for (var length = multiple - 66; length <= multiple + 66; length += 11)
            {
                var copy = new SegmentCopy(length);
                for (var at = 0; at < length; at += piece)
                    copy.Append(_source.Pointer + at, _destination.Pointer + at, Math.Min(piece, length - at));
                if (copy.Finish() != Hash(length)) Assert.Fail($"Pieces of {piece} bytes differ from the hash at length {length}.");
            }
        }
    }

    [Fact]
    public void Append_CopiedStruct_HashesOnItsOwn()
    {
        var first = new SegmentCopy(1_000);
        first.Append(_source.Pointer, _destination.Pointer, 300);
        var second = first;
        second.Append(_source.Pointer + 300, _destination.Pointer, 700);
        first.Append(_source.Pointer + 300, _destination.Pointer + 300, 700);
        Assert.Equal(Hash(1_000), first.Finish());
        Assert.Equal(Hash(1_000), second.Finish());
    }

    [Theory]
    [InlineData(0, 101, 1)]
    [InlineData(60, 41, 1)]
    [InlineData(60, int.MaxValue, int.MaxValue)]
    [InlineData(60, -1, 1)]
    [InlineData(60, 1, -1)]
    public void Append_MoreThanTheSegment_CopiesNothing(int before, int rowBytes, int rows)
    {
        var copy = new SegmentCopy(100);
        copy.Append(_source.Pointer, _destination.Pointer, before);
        Assert.Throws<ArgumentOutOfRangeException>(
            () => copy.Append(new CopyRows(_source.Pointer + 60, rowBytes, _destination.Pointer + 60, rowBytes, rowBytes, rows)));
        Assert.False(_destination.GetSpan()[before..].ContainsAnyExcept(GuardedBlock.Guard));
    }

    [Fact]
    public void Finish_BytesMissing_Throws()
    {
        var copy = new SegmentCopy(1_000);
        copy.Append(_source.Pointer, _destination.Pointer, 999);
        Assert.Contains("999 of the segment's 1000 bytes", Assert.Throws<InvalidOperationException>(() => copy.Finish()).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void AppendAndFinish_AllKindsOfPieces_AllocateNothing()
    {
        var sum = CopyOnce();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 50; i++) sum ^= CopyOnce();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.NotEqual(0UL, sum);
    }

    private ulong CopyOnce()
    {
        var copy = new SegmentCopy(Length);
        copy.Append(new CopyRows(_source.Pointer, 256, _destination.Pointer, 256, 256, 64));
        copy.Append(_source.Pointer + 16_384, _destination.Pointer + 16_384, 1_001);
        copy.Append(_source.Pointer + 17_385, _destination.Pointer + 17_385, Length - 17_385);
        PayloadCopy.Copy(_source.Pointer, _destination.Pointer, Length);
        PayloadCopy.Fence();
        return copy.Finish();
    }

    private ulong Hash(int length) => Xxh3.Hash64(_source.GetSpan()[..length]);
}
