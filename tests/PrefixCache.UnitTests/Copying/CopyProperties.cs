using FsCheck;
using FsCheck.Fluent;
using PrefixCache.Format.Copying;
using PrefixCache.Format.Hashing;
using PrefixCache.UnitTests.Hashing;

namespace PrefixCache.UnitTests.Copying;

/// <summary>
/// Random pieces at random alignments and distances, at every width: the hash is that of the bytes in their order, the bytes are all there,
/// and nothing beside them was written.
/// </summary>
public unsafe class CopyProperties
{
    /// <summary>Rows of equal length at equal distances; half of them multiples of 64, for both have paths of their own.</summary>
    private static readonly Gen<Piece> Pieces =
        from whole in Gen.Elements(true, false)
        from bytes in whole ? Gen.Choose(0, 20).Select(stripes => stripes * 64) : Gen.Choose(0, 700)
        from rows in Gen.Frequency((3, Gen.Constant(1)), (1, Gen.Choose(0, 9)))
        from sourceGap in Gen.Elements(0, 1, 64, 192)
        from destinationGap in Gen.Elements(0, 3, 64, 128)
        select new Piece(bytes, rows, sourceGap, destinationGap);

    private static readonly Arbitrary<Case> Cases = (
        from pieces in Pieces.ListOf()
        from source in Gen.Elements(0, 1, 16, 63)
        from destination in Gen.Frequency((3, Gen.Constant(0)), (1, Gen.Choose(0, 63)))
        from seed in Gen.Choose(0, int.MaxValue)
        select new Case([.. pieces], source, destination, seed)).ToArbitrary();

    [Fact]
    public void SegmentCopy_AnyPieces_HashesAndCopiesThemAndNothingElse() =>
        Prop.ForAll(Cases, test =>
        {
            foreach (var width in Xxh3Widths.Available)
            {
                var copy = new SegmentCopy(test.Bytes, width);
                var hash = 0UL;
                var expected = Run(test, (in CopyRows rows) => copy.Append(rows), () => hash = copy.Finish());
                Assert.Equal(Xxh3.Hash64(expected), hash);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void PayloadCopy_AnyPieces_CopiesThemAndNothingElse() =>
        Prop.ForAll(Cases, test => { Run(test, (in CopyRows rows) => PayloadCopy.Copy(rows), PayloadCopy.Fence); })
            .Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void PayloadCopy_AlignedPiecesAtEveryWidth_CopiesThemAndNothingElse() =>
        Prop.ForAll(Cases, test =>
        {
            foreach (var width in Xxh3Widths.Available)
            {
                Run(test, (in CopyRows rows) =>
                {
                    if (PayloadCopy.IsAligned(rows)) PayloadCopy.CopyNonTemporal(rows, width);
                    else PayloadCopy.Copy(rows);
                }, PayloadCopy.Fence);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    /// <returns>The bytes in the order of the hash.</returns>
    private static byte[] Run(Case test, CopyOne copy, Action end)
    {
        using var source = new GuardedBlock(test.Pieces.Sum(piece => piece.SourceSpan), test.SourceMisalignment);
        using var destination = new GuardedBlock(test.Pieces.Sum(piece => piece.DestinationSpan), test.DestinationMisalignment);
        source.FillRandom(new Random(test.Seed));
        var expected = new GuardedModel(destination.GetSpan().Length);
        var (from, to) = (0, 0);
        foreach (var piece in test.Pieces)
        {
            var (fromStride, toStride) = (piece.Bytes + piece.SourceGap, piece.Bytes + piece.DestinationGap);
            for (var row = 0; row < piece.Rows; row++)
                expected.Write(source.GetSpan().Slice(from + (row * fromStride), piece.Bytes), to + (row * toStride));
            copy(new CopyRows(source.Pointer + from, fromStride, destination.Pointer + to, toStride, piece.Bytes, piece.Rows));
            from += piece.SourceSpan;
            to += piece.DestinationSpan;
        }

        end();
        Assert.True(destination.GetSpan().SequenceEqual(expected.Memory), "The destination is not what was copied, or more than that.");
        source.AssertGuards();
        destination.AssertGuards();
        return [.. expected.Stream];
    }

    private delegate void CopyOne(in CopyRows rows);

    private sealed record Piece(int Bytes, int Rows, int SourceGap, int DestinationGap)
    {
        public int SourceSpan => Rows * (Bytes + SourceGap);

        public int DestinationSpan => Rows * (Bytes + DestinationGap);
    }

    private sealed record Case(Piece[] Pieces, int SourceMisalignment, int DestinationMisalignment, int Seed)
    {
        public int Bytes => Pieces.Sum(piece => piece.Bytes * piece.Rows);

        public override string ToString() => FormattableString.Invariant(
            $"source + {SourceMisalignment}, destination + {DestinationMisalignment}, seed {Seed}: {string.Join<Piece>("; ", Pieces)}");
    }

    /// <summary>The destination as it must become, and all bytes in order.</summary>
    private sealed class GuardedModel
    {
        public GuardedModel(int length)
        {
            Memory = new byte[length];
            Memory.AsSpan().Fill(GuardedBlock.Guard);
        }

        public byte[] Memory { get; }

        public List<byte> Stream { get; } = [];

        public void Write(ReadOnlySpan<byte> bytes, int at)
        {
            bytes.CopyTo(Memory.AsSpan(at));
            Stream.AddRange(bytes);
        }
    }
}
