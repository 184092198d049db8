using FsCheck;
using FsCheck.Fluent;
using PrefixCache.Format.Layouts;

namespace PrefixCache.UnitTests.Layouts;

public class ChunkSliceTests
{
    /// <summary>Copying run by run gives what a walk over [segment][token][byte] gives, for any slice of chunks of any length.</summary>
    [Fact]
    public void Runs_AnySlice_CopyWhatANaiveWalkCopies() => Prop.ForAll(Slices().ToArbitrary(), slice =>
    {
        var payload = new byte[slice.Shape.PayloadBytes(slice.ChunkTokens)];
        Random.Shared.NextBytes(payload);
        var copied = new List<byte>();
        for (var i = 0; i < slice.Segments; i++)
        {
            var (offset, length) = slice.Run(i);
            copied.AddRange(payload.AsSpan(offset, length));
        }

        return copied.Count == slice.Bytes && copied.SequenceEqual(Naive(payload, slice));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Whole_Bytes_AreThePayload()
    {
        var shape = TestLayouts.Mixed().Shapes[1];
        var slice = ChunkSlice.Whole(shape, 37);

        Assert.Equal(shape.PayloadBytes(37), slice.Bytes);
        Assert.True(slice.IsWholeTokens);
        Assert.False((slice with { FirstToken = 1, Tokens = 36 }).IsWholeTokens);
        Assert.False((slice with { Tokens = 36 }).IsWholeTokens);
        Assert.True((slice with { FirstSegment = 1, Segments = 1 }).IsWholeTokens);
    }

    private static IEnumerable<byte> Naive(byte[] payload, ChunkSlice slice)
    {
        var at = 0;
        for (var segment = 0; segment < slice.Shape.Segments; segment++)
        {
            for (var token = 0; token < slice.ChunkTokens; token++)
            {
                for (var i = 0; i < slice.Shape.SegmentBytesPerToken(segment); i++, at++)
                {
                    if (segment >= slice.FirstSegment && segment < slice.FirstSegment + slice.Segments
                        && token >= slice.FirstToken && token < slice.FirstToken + slice.Tokens) yield return payload[at];
                }
            }
        }
    }

    private static Gen<ChunkSlice> Slices()
    {
        var small = TestLayouts.Mixed().With(groups:
        [
            new LayerGroup { Layers = [0, 2], Heads = 2, HeadBytes = 3 },
            new LayerGroup { Layers = [1], Planes = 1, Heads = 1, HeadBytes = 5 },
        ]);
        return from shape in Gen.Elements(small.Shapes.Concat(TestLayouts.Tiny().Shapes).ToArray())
               from chunkTokens in Gen.Choose(1, 40)
               from firstSegment in Gen.Choose(0, shape.Segments - 1)
               from segments in Gen.Choose(1, shape.Segments - firstSegment)
               from firstToken in Gen.Choose(0, chunkTokens - 1)
               from tokens in Gen.Choose(1, chunkTokens - firstToken)
               select new ChunkSlice(shape, chunkTokens, firstSegment, segments, firstToken, tokens);
    }
}
