using PrefixCache.Core.Tiers.Redis;
using PrefixCache.Format.Layouts;

namespace PrefixCache.UnitTests.Redis;

public sealed class ChunkManifestTests
{
    private static readonly ShardShape Shape = TestNode.OneShard().Shapes[0];

    [Fact]
    public void TryRead_OfWhatWasMade_GivesItBack()
    {
        var made = Make();
        var read = ChunkManifest.TryRead(made.Bytes, Shape, 16)!;
        Assert.Equal((16, 7UL, made.PayloadBytes, 1000, made.Parts), (read.Tokens, read.Nonce, read.PayloadBytes, read.PartBytes, read.Parts));
        Assert.Equal(made.Checksums, read.Checksums);
        Assert.Equal(made.PayloadBytes, Enumerable.Range(0, read.Parts).Sum(part => read.Part(part).Length));
    }

    [Fact]
    public void TryRead_WithAnyByteFlipped_IsNull()
    {
        var bytes = Make().Bytes;
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] ^= 1;
            Assert.Null(ChunkManifest.TryRead(bytes, Shape, 16));
            bytes[i] ^= 1;
        }
    }

    [Fact]
    public void TryRead_CutOrOfAnotherChunk_IsNull()
    {
        var bytes = Make().Bytes;
        for (var length = 0; length < bytes.Length; length++) Assert.Null(ChunkManifest.TryRead(bytes[..length], Shape, 16));
        Assert.Null(ChunkManifest.TryRead(bytes, Shape, 15));
        Assert.Null(ChunkManifest.TryRead([.. bytes, 0], Shape, 16));
    }

    [Fact]
    public void TryRead_OfCountlessParts_IsNull()
    {
        var made = ChunkManifest.Make(16, 7, Shape.PayloadBytes(16), 1, new ulong[Shape.Segments]);
        Assert.Null(ChunkManifest.TryRead(made.Bytes, Shape, 16));
    }

    private static ChunkManifest Make() =>
        ChunkManifest.Make(16, 7, Shape.PayloadBytes(16), 1000, [.. Enumerable.Range(0, Shape.Segments).Select(i => (ulong)i)]);
}
