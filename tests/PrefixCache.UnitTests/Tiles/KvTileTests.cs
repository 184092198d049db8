using PrefixCache.Client.Memory;

namespace PrefixCache.UnitTests.Tiles;

/// <summary>What a tile accepts, and when it is contiguous.</summary>
public class KvTileTests
{
    private static readonly Memory<byte> Memory = new byte[1_000];

    [Fact]
    public void Contiguous_WholeTokens_IsOneRun()
    {
        var tile = KvTile.Contiguous(Memory, 100);
        Assert.Equal((10, 100, 1, 100, true), (tile.Tokens, tile.TokenStride, tile.Parts, tile.BytesPerToken, tile.IsContiguous));
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(1, 999)]
    [InlineData(4, 10)]
    public void New_PartsBehindOneAnother_IsOnePart(int parts, int partStride)
    {
        var tile = new KvTile(Memory, 5, 10 * parts, 10, parts, partStride);
        Assert.Equal((1, 10 * parts, 0, true), (tile.Parts, tile.PartBytes, tile.PartStride, tile.IsContiguous));
    }

    [Theory]
    [InlineData(5, 11, 10, 1, 0, false)]
    [InlineData(1, 11, 10, 1, 0, true)]
    [InlineData(1, 10, 10, 2, 160, false)]
    [InlineData(16, 10, 10, 4, 160, false)]
    public void IsContiguous_TokensAndParts_OnlyWithoutGaps(
        int tokens, int tokenStride, int partBytes, int parts, int partStride, bool contiguous) =>
        Assert.Equal(contiguous, new KvTile(Memory, tokens, tokenStride, partBytes, parts, partStride).IsContiguous);

    [Theory]
    [InlineData(0, 10, 10, 1, 0)]
    [InlineData(1, 10, 0, 1, 0)]
    [InlineData(1, 10, 10, 0, 0)]
    [InlineData(2, 9, 10, 1, 0)]
    [InlineData(2, -10, 10, 1, 0)]
    [InlineData(2, 10, 10, 2, 9)]
    [InlineData(11, 100, 100, 1, 0)]
    [InlineData(16, 16, 16, 4, 250)]
    [InlineData(int.MaxValue, int.MaxValue, 10, 1, 0)]
    [InlineData(2, 10, 10, int.MaxValue, int.MaxValue)]
    public void New_EmptyOverlappingOrBehindTheMemory_Throws(int tokens, int tokenStride, int partBytes, int parts, int partStride) =>
        Assert.ThrowsAny<ArgumentException>(() => new KvTile(Memory, tokens, tokenStride, partBytes, parts, partStride));

    [Fact]
    public void New_EndsWithTheMemory_Accepts() => Assert.Equal(4, new KvTile(Memory, 10, 25, 25, 4, 250).Parts);

    [Theory]
    [InlineData(999, 100)]
    [InlineData(0, 100)]
    [InlineData(100, 0)]
    public void Contiguous_NoWholeTokens_Throws(int length, int bytesPerToken) =>
        Assert.ThrowsAny<ArgumentException>(() => KvTile.Contiguous(Memory[..length], bytesPerToken));
}
