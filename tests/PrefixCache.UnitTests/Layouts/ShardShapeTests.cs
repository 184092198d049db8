using PrefixCache.Format.Layouts;

namespace PrefixCache.UnitTests.Layouts;

public class ShardShapeTests
{
    [Fact]
    public void Llama8B_InBFloat16_HasTheKnownFigures()
    {
        var layout = TestLayouts.Llama8B();
        var shape = Assert.Single(layout.Shapes);

        Assert.Equal(64, shape.Segments);
        Assert.Equal(131_072, shape.BytesPerToken);
        Assert.Equal(131_072, layout.BytesPerToken);
        Assert.Equal(32 << 20, shape.PayloadBytes(layout.ChunkTokens));
        Assert.Equal(2048, shape.SegmentBytesPerToken(63));
        Assert.Equal(63 * 256 * 2048, shape.SegmentOffset(63, 256));
        Assert.Equal([0, 0, 1, 1], shape.SegmentLayers.AsSpan(0, 4).ToArray());
    }

    [Fact]
    public void Uniform_LikeLlama8B_HasTheSameShape()
    {
        var layout = KvLayout.Uniform("m", "r", KvType.BFloat16, 32, 8, 128);

        Assert.Empty(LayoutValidator.Validate(layout));
        Assert.Equal(131_072, layout.BytesPerToken);
        Assert.Equal([0], layout.Ranks);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public void TensorParallel_Shards_SplitTheBytesEvenly(int ranks)
    {
        var layout = TestLayouts.Llama8B(ranks);

        Assert.All(layout.Shapes, shape => Assert.Equal((64, 131_072 / ranks), (shape.Segments, shape.BytesPerToken)));
        Assert.Equal(131_072, layout.BytesPerToken);
        Assert.Equal(Enumerable.Range(0, ranks), layout.Ranks);
    }

    [Fact]
    public void Latent_HeldByEveryRank_IsOneShardWithOnePlane()
    {
        var layout = TestLayouts.Latent();
        var shape = Assert.Single(layout.Shapes);

        Assert.Equal(61, shape.Segments);
        Assert.Equal(61 * 1152, shape.BytesPerToken);
        Assert.Equal([0, 1, 2, 3], layout.Ranks);
    }

    [Fact]
    public void MixedGroupsInStages_Segments_FollowTheLayersNotTheGroups()
    {
        var layout = TestLayouts.Mixed();
        var (first, second) = (layout.Shapes[0], layout.Shapes[1]);

        Assert.Equal([0, 0], first.SegmentLayers);
        Assert.Equal([1, 2, 2], second.SegmentLayers);
        Assert.Equal([576, 1024, 1024], Enumerable.Range(0, 3).Select(second.SegmentBytesPerToken));
        Assert.Equal([0, 100 * 576, 100 * 1600], Enumerable.Range(0, 3).Select(segment => second.SegmentOffset(segment, 100)));
        Assert.Equal(100 * 2624, second.PayloadBytes(100));
        Assert.Equal(2048, second.RangeBytesPerToken(1, 2));
        Assert.Equal([0, 1, 2, 3], layout.Ranks);
    }
}
