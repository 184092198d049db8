using FsCheck;
using FsCheck.Fluent;
using PrefixCache.Format.Layouts;

namespace PrefixCache.UnitTests.Layouts;

/// <summary>The expected ids were computed with another SHA-256 from the documented encoding.</summary>
public class LayoutIdTests
{
    private static readonly Func<KvLayout, int, KvLayout>[] Changes =
    [
        (layout, by) => layout.With(model: layout.Model + new string('x', by)),
        (layout, by) => layout.With(revision: layout.Revision + new string('x', by)),
        (layout, by) => layout.With(type: layout.Type + by),
        (layout, by) => layout.With(chunkTokens: layout.ChunkTokens + by),
        (layout, by) => layout.With(scaleDigest: layout.ScaleDigest + new string('x', by)),
        (layout, by) => layout.With(groups: [.. layout.Groups, .. Enumerable.Repeat(layout.Groups[0], by)]),
        (layout, by) => layout.With(shards: [.. layout.Shards, .. Enumerable.Repeat(layout.Shards[0], by)]),
        (layout, by) => layout.WithGroup(group => group with { Kind = group.Kind + by }),
        (layout, by) => layout.WithGroup(group => group with { Layers = [.. group.Layers, by] }),
        (layout, by) => layout.WithGroup(group => group with { Planes = group.Planes + by }),
        (layout, by) => layout.WithGroup(group => group with { Heads = group.Heads + by }),
        (layout, by) => layout.WithGroup(group => group with { HeadBytes = group.HeadBytes + by }),
        (layout, by) => layout.WithShard(shard => shard with { FirstLayer = shard.FirstLayer + by }),
        (layout, by) => layout.WithShard(shard => shard with { Layers = shard.Layers + by }),
        (layout, by) => layout.WithShard(shard => shard with { FirstHead = shard.FirstHead + by }),
        (layout, by) => layout.WithShard(shard => shard with { Heads = shard.Heads + by }),
        (layout, by) => layout.WithShard(shard => shard with { Ranks = [.. shard.Ranks, by] }),
    ];

    [Fact]
    public void Encode_TinyLayout_IsTheDocumentedEncoding() => Assert.Equal(
        "010000006d" + "0100000072" + "01000000" + "10000000" + "00000000"
        + "01000000" + "01000000" + "020000000000000001000000" + "02000000" + "02000000" + "04000000"
        + "01000000" + "00000000" + "02000000" + "00000000" + "00000000" + "0100000000000000",
        Convert.ToHexStringLower(LayoutEncoding.Encode(TestLayouts.Tiny())));

    [Fact]
    public void Id_TinyLayout_IsTheDocumentedHash() =>
        Assert.Equal("6103178dbb9db8f088a3987602bf5b1fab5917ab4cc5e3667fc40633d07628b8", TestLayouts.Tiny().Id.ToString());

    [Fact]
    public void Id_TensorParallelLayout_IsTheDocumentedHash() =>
        Assert.Equal("3a41f8f9ff2f2af6f5cc91524200136525ed7e492d880278462b9afdbd6a0440", TestLayouts.Llama8B(2).Id.ToString());

    [Fact]
    public void Id_MixedLayoutWithNamesBeyondAscii_IsTheDocumentedHash() =>
        Assert.Equal("bc1f66409eae9480110cb07bb9f7a292b9a4241991472b1bd5fd1d319a7b729b", TestLayouts.Mixed().Id.ToString());

    [Fact]
    public void Id_AnyFieldChanged_Differs()
    {
        KvLayout[] bases = [TestLayouts.Tiny(), TestLayouts.Llama8B(4), TestLayouts.Latent(), TestLayouts.Mixed()];
        var cases =
            from layout in Gen.Elements(bases)
            from change in Gen.Elements(Changes)
            from other in Gen.Elements(Changes)
            from step in Gen.Choose(1, 5)
            select (layout, changed: change(layout, step), both: other(change(layout, step), step));

        Prop.ForAll(cases.ToArbitrary(), it => it.layout.Id != it.changed.Id && it.changed.Id != it.both.Id && it.layout.Id != it.both.Id)
            .QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Id_EachFieldChangedAlone_Differs()
    {
        var ids = Changes.Select(change => change(TestLayouts.Tiny(), 1).Id).Append(TestLayouts.Tiny().Id).ToList();

        Assert.Equal(ids.Count, ids.Distinct().Count());
    }

    [Fact]
    public void Id_TextMovedBetweenNames_Differs() =>
        Assert.NotEqual(TestLayouts.Tiny().With(model: "ab", revision: "c").Id, TestLayouts.Tiny().With(model: "a", revision: "bc").Id);

    [Fact]
    public void TryRead_OwnBytes_IsEqual()
    {
        var id = TestLayouts.Tiny().Id;

        Assert.True(LayoutId.TryRead(id.ToArray(), out var read));
        Assert.Equal(id, read);
        Assert.Equal(id.GetHashCode(), read.GetHashCode());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(33)]
    public void TryRead_OtherLength_ReturnsFalse(int length) => Assert.False(LayoutId.TryRead(new byte[length], out _));
}
