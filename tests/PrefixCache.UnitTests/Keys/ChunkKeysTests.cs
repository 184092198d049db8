using FsCheck;
using FsCheck.Fluent;
using PrefixCache.Format.Keys;
using PrefixCache.Format.Layouts;

namespace PrefixCache.UnitTests.Keys;

/// <summary>The expected keys were computed with another SHA-256 from the documented encoding.</summary>
public class ChunkKeysTests
{
    [Fact]
    public void Root_AllFields_IsTheDocumentedHash() =>
        Assert.Equal("ffce831d8ef60198a380f28713166c777c1d17f82632405f6e0286483d0e7790",
            Root("default", "salt-é", "lora:1", 0x0102030405060708).ToString());

    [Fact]
    public void Root_EmptyFields_IsTheDocumentedHash() =>
        Assert.Equal("2518272b8ac225c6354af843963d716ba533fb38bbe29f6682f5e5c23ee9d270", Root("", "", "", 0).ToString());

    [Fact]
    public void Next_Chain_IsTheDocumentedHash()
    {
        var root = Root("default", "salt-é", "lora:1", 0x0102030405060708);
        var first = ChunkKeys.Next(root, TokenList.Bytes(TokenList.Count(16)));
        var second = ChunkKeys.Next(first, TokenList.Bytes([0xffffffff, 128_000, 7]));

        Assert.Equal("55f572754e61037320f9ac02b98ed2ea966c2e50bf470a93634b866a001ff60f", first.ToString());
        Assert.Equal("6c08d437900851c546de615ecbbd5e5f723e732280f4d16e48e504f20ee36652", second.ToString());
    }

    [Fact]
    public void Next_LargestChunk_IsTheDocumentedHash() =>
        Assert.Equal("625f559ca907c0cf88731f04ec58b358ce2f91b1e5b0831f83bc44efbda2734a",
            ChunkKeys.Next(Root("default", "salt-é", "lora:1", 0x0102030405060708), TokenList.Bytes(TokenList.Count(4096))).ToString());

    [Fact]
    public void Next_NoTokens_IsTheDocumentedHash() =>
        Assert.Equal("ffb2f9602f1097ebd4ab71708b30a52b609a08cef73a30154001458bf1f6cd4c", ChunkKeys.Next(default, []).ToString());

    [Theory]
    [InlineData("a", "bc", "", 0)]
    [InlineData("abc", "", "", 0)]
    [InlineData("", "abc", "", 0)]
    [InlineData("ab", "", "c", 0)]
    [InlineData("ab", "c", "", 1)]
    public void Root_FieldsThatJoinAlike_Differ(string tenant, string salt, string adapter, ulong epoch) =>
        Assert.NotEqual(Root("ab", "c", "", 0), Root(tenant, salt, adapter, epoch));

    [Fact]
    public void Root_OtherLayout_Differs()
    {
        LayoutId other = default;
        other[31] = 1;
        Assert.NotEqual(ChunkKeys.Root(default, "t", "", "", 0), ChunkKeys.Root(other, "t", "", "", 0));
    }

    /// <summary>Two chains have equal keys exactly as far as their chunks have equal tokens.</summary>
    [Fact]
    public void Chain_AnyTwoSequences_AgreesExactlyOnTheCommonPrefix()
    {
        var sequence = Gen.Choose(0, 1).Select(token => (uint)token).ArrayOf(12);
        Prop.ForAll(sequence.ToArbitrary(), sequence.ToArbitrary(), (left, right) =>
        {
            var (leftKeys, rightKeys) = (Chain(left), Chain(right));
            for (var i = 0; i < leftKeys.Length; i++)
            {
                var common = left.AsSpan(0, (i + 1) * 3).SequenceEqual(right.AsSpan(0, (i + 1) * 3));
                if (common != (leftKeys[i] == rightKeys[i])) return false;
            }

            return true;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Next_SameTokensInOtherChunks_Differs()
    {
        var root = Root("t", "", "", 0);
        var whole = ChunkKeys.Next(root, TokenList.Bytes([1, 2]));
        var parts = ChunkKeys.Next(ChunkKeys.Next(root, TokenList.Bytes([1])), TokenList.Bytes([2]));
        Assert.NotEqual(whole, parts);
    }

    private static ChunkKey[] Chain(uint[] tokens)
    {
        var key = Root("t", "", "", 0);
        return [.. tokens.Chunk(3).Select(chunk => key = ChunkKeys.Next(key, TokenList.Bytes(chunk)))];
    }

    private static ChunkKey Root(string tenant, string salt, string adapter, ulong epoch)
    {
        LayoutId layout = default;
        for (var i = 0; i < LayoutId.Length; i++) layout[i] = (byte)i;
        return ChunkKeys.Root(layout, tenant, salt, adapter, epoch);
    }
}
