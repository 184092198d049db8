using static PrefixCache.Format.Hashing.Xxh3Mix;
using static PrefixCache.Format.Hashing.Xxh3Primes;

namespace PrefixCache.Format.Hashing;

/// <summary>XXH3-64 of more than 240 bytes: eight 64-bit lanes over stripes of 64 bytes, scrambled after every 16 stripes.</summary>
internal static unsafe class Xxh3Long
{
    /// <summary>64-bit lanes in the state.</summary>
    public const int Lanes = 8;

    /// <summary>Bytes that one step of all lanes takes.</summary>
    public const int StripeLength = 64;

    /// <summary>Stripes between two scrambles: as many as the 192-byte secret gives at 8 bytes a stripe.</summary>
    public const int StripesPerBlock = (Xxh3Secret.Length - StripeLength) / SecretStep;

    /// <summary>Bytes between two scrambles.</summary>
    public const int BlockLength = StripeLength * StripesPerBlock;

    /// <summary>How far the secret moves on from stripe to stripe.</summary>
    public const int SecretStep = 8;

    /// <summary>Where in the secret the scramble's key lies.</summary>
    public const int ScrambleSecret = Xxh3Secret.Length - StripeLength;

    /// <summary>Where in the secret the last stripe's key lies (unaligned on purpose, says the specification).</summary>
    public const int LastStripeSecret = ScrambleSecret - 7;

    private const int MergeSecret = 11;

    public static ulong Hash(byte* input, uint length, byte* secret, Xxh3Width width)
    {
        ulong* lanes = stackalloc ulong[Lanes];
        lanes[0] = Prime32C;
        lanes[1] = Prime64A;
        lanes[2] = Prime64B;
        lanes[3] = Prime64C;
        lanes[4] = Prime64D;
        lanes[5] = Prime32B;
        lanes[6] = Prime64E;
        lanes[7] = Prime32A;

        switch (width)
        {
            case Xxh3Width.Vector512: Xxh3Vector512.Accumulate(input, length, secret, lanes); break;
            case Xxh3Width.Vector256: Xxh3Vector256.Accumulate(input, length, secret, lanes); break;
            case Xxh3Width.Vector128: Xxh3Vector128.Accumulate(input, length, secret, lanes); break;
            default: Xxh3Scalar.Accumulate(input, length, secret, lanes); break;
        }

        ulong hash = length * Prime64A;
        byte* key = secret + MergeSecret;
        for (int lane = 0; lane < Lanes; lane += 2, key += 16)
            hash += MultiplyFold(lanes[lane] ^ Read64(key), lanes[lane + 1] ^ Read64(key + 8));
        return Avalanche(hash);
    }
}
