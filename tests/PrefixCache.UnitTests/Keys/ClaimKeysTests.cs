using PrefixCache.Format.Keys;

namespace PrefixCache.UnitTests.Keys;

/// <summary>The expected keys were computed with another SHA-256 from the documented encoding.</summary>
public class ClaimKeysTests
{
    [Fact]
    public void Of_SixteenTokens_IsTheDocumentedHash() => Assert.Equal(
        "6296755226b5e8660f22e274cbba8178bf879fa6a69f330bffa101becd4ceea4", ClaimKeys.Of(Parent(), TokenList.Bytes(TokenList.Count(16))).ToString());

    [Fact]
    public void Of_FewerTokensWithAnItem_IsTheDocumentedHash() => Assert.Equal(
        "66b8cfc2c29250f211b04ac130fd8e8fed20906741723b3402c729c2bdf393ff",
        ClaimKeys.Of(Parent(), TokenList.Bytes([0xffffffff, 128_000, 7]), [1, 0, 0, 0, 2, 0, 0, 0, 9, 8]).ToString());

    [Fact]
    public void Of_WhatAChunkHas_IsNoChunkKey() => Assert.NotEqual(
        ChunkKeys.Next(Parent(), TokenList.Bytes(TokenList.Count(16))), ClaimKeys.Of(Parent(), TokenList.Bytes(TokenList.Count(16))));

    private static ChunkKey Parent()
    {
        ChunkKey key = default;
        for (var i = 0; i < ChunkKey.Length; i++) key[i] = (byte)i;
        return key;
    }
}
