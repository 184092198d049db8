using System.Buffers.Binary;
using PrefixCache.Format.Hashing;

namespace PrefixCache.UnitTests.Hashing;

/// <summary>The vectors that xxHash publishes for XXH3_64bits (cli/xsum_sanity_check.c), and what the API promises besides.</summary>
public class Xxh3Tests
{
    private const ulong Prime64 = 11400714785074694797;
    private const uint Prime32 = 2654435761;

    [Theory]
    [InlineData(0, 0UL, 0x2D06800538D394C2)]
    [InlineData(0, Prime64, 0xA8A6B918B2F0364A)]
    [InlineData(1, 0UL, 0xC44BDFF4074EECDB)]
    [InlineData(1, Prime64, 0x032BE332DD766EF8)]
    [InlineData(6, 0UL, 0x27B56A84CD2D7325)]
    [InlineData(6, Prime64, 0x84589C116AB59AB9)]
    [InlineData(12, 0UL, 0xA713DAF0DFBB77E7)]
    [InlineData(12, Prime64, 0xE7303E1B2336DE0E)]
    [InlineData(24, 0UL, 0xA3FE70BF9D3510EB)]
    [InlineData(24, Prime64, 0x850E80FC35BDD690)]
    [InlineData(48, 0UL, 0x397DA259ECBA1F11)]
    [InlineData(48, Prime64, 0xADC2CBAA44ACC616)]
    [InlineData(80, 0UL, 0xBCDEFBBB2C47C90A)]
    [InlineData(80, Prime64, 0xC6DD0CB699532E73)]
    [InlineData(195, 0UL, 0xCD94217EE362EC3A)]
    [InlineData(195, Prime64, 0xBA68003D370CB3D9)]
    [InlineData(403, 0UL, 0xCDEB804D65C6DEA4)]
    [InlineData(403, Prime64, 0x6259F6ECFD6443FD)]
    [InlineData(512, 0UL, 0x617E49599013CB6B)]
    [InlineData(512, Prime64, 0x3CE457DE14C27708)]
    [InlineData(2048, 0UL, 0xDD59E2C3A5F038E0)]
    [InlineData(2048, Prime64, 0x66F81670669ABABC)]
    [InlineData(2240, 0UL, 0x6E73A90539CF2948)]
    [InlineData(2240, Prime64, 0x757BA8487D1B5247)]
    [InlineData(2367, 0UL, 0xCB37AEB9E5D361ED)]
    [InlineData(2367, Prime64, 0xD2DB3415B942B42A)]
    public void Hash64_PublishedVector_GivesPublishedHash(int length, ulong seed, ulong expected)
    {
        byte[] data = SanityBuffer(length);

        Assert.Equal(expected, Xxh3.Hash64(data, seed));
        Assert.All(Xxh3Widths.Available, width => Assert.Equal(expected, Xxh3.Hash64(data, seed, width)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(200)]
    public void HashOfHashes_Numbers_HashesTheirLittleEndianBytes(int count)
    {
        ulong[] hashes = new ulong[count];
        byte[] bytes = new byte[8 * count];
        for (int i = 0; i < count; i++)
        {
            hashes[i] = Prime64 * (ulong)(i + 1);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8 * i), hashes[i]);
        }

        Assert.Equal(Xxh3.Hash64(bytes), Xxh3.HashOfHashes(hashes));
    }

    [Theory]
    [InlineData(16)]
    [InlineData(200)]
    [InlineData(100_000)]
    public void Hash64_AnyLength_AllocatesNothing(int length)
    {
        byte[] data = SanityBuffer(length);
        ulong sum = Xxh3.Hash64(data) + Xxh3.Hash64(data, 1);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++) sum += Xxh3.Hash64(data) + Xxh3.Hash64(data, 1);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, allocated);
        Assert.NotEqual(0UL, sum);
    }

    [Fact]
    public void Hash64_OneBitChanged_GivesAnotherHash()
    {
        byte[] data = SanityBuffer(4_096);
        ulong original = Xxh3.Hash64(data);
        for (int position = 0; position < data.Length; position++)
        {
            data[position] ^= 1;
            Assert.NotEqual(original, Xxh3.Hash64(data));
            data[position] ^= 1;
        }
    }

    private static byte[] SanityBuffer(int length)
    {
        byte[] buffer = new byte[length];
        ulong generator = Prime32;
        for (int i = 0; i < length; i++, generator *= Prime64) buffer[i] = (byte)(generator >> 56);
        return buffer;
    }
}
