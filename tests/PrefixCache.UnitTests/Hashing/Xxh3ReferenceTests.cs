using PrefixCache.Format.Hashing;

namespace PrefixCache.UnitTests.Hashing;

/// <summary>Equality with the reference library, at every width that this machine can run.</summary>
public class Xxh3ReferenceTests
{
    private const int LongestInput = 1 << 20;

    public Xxh3ReferenceTests() => LibXxHash.Require();

    [Theory]
    [InlineData(0UL)]
    [InlineData(1UL)]
    [InlineData(0x9E3779B185EBCA8DUL)]
    [InlineData(ulong.MaxValue)]
    public void Hash64_EveryLengthTo2100_EqualsReference(ulong seed)
    {
        byte[] data = RandomBytes(2_100, seed: 1);
        for (int length = 0; length <= data.Length; length++) AssertEqualsReference(data.AsSpan(0, length), seed);
    }

    [Fact]
    public void Hash64_EveryAlignment_EqualsReference()
    {
        byte[] data = RandomBytes(8_192, seed: 2);
        foreach (int length in (int[])[1, 5, 13, 100, 200, 241, 1_024, 1_025, 4_095])
        {
            for (int start = 0; start < 130; start++) AssertEqualsReference(data.AsSpan(start, length), seed: 0);
        }
    }

    [Fact]
    public void Hash64_LengthsAroundBlocksAndStripes_EqualsReference()
    {
        byte[] data = RandomBytes(70_000, seed: 3);
        foreach (int multiple in (int[])[1_024, 2_048, 4_096, 65_536])
        {
            for (int delta = -66; delta <= 66; delta++) AssertEqualsReference(data.AsSpan(0, multiple + delta), seed: 0);
        }
    }

    [Fact]
    public void Hash64_RandomRangesToOneMebibyte_EqualsReference()
    {
        byte[] data = RandomBytes(LongestInput + 64, seed: 4);
        Random random = new(5);
        for (int i = 0; i < 100; i++)
        {
            int start = random.Next(64);
            int length = random.Next(LongestInput + 1);
            AssertEqualsReference(data.AsSpan(start, length), seed: (ulong)random.NextInt64());
        }

        AssertEqualsReference(data.AsSpan(0, LongestInput), seed: 0);
    }

    private static void AssertEqualsReference(ReadOnlySpan<byte> data, ulong seed)
    {
        ulong expected = LibXxHash.Hash64(data, seed);
        if (Xxh3.Hash64(data, seed) != expected) Assert.Fail($"The default width differs from the reference at length {data.Length}.");
        foreach (Xxh3Width width in Xxh3Widths.Available)
        {
            if (Xxh3.Hash64(data, seed, width) != expected)
                Assert.Fail($"{width} differs from the reference at length {data.Length} with seed {seed}.");
        }
    }

    private static byte[] RandomBytes(int count, int seed)
    {
        byte[] data = new byte[count];
        new Random(seed).NextBytes(data);
        return data;
    }
}
