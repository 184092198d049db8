using static PrefixCache.Format.Hashing.Xxh3Long;
using static PrefixCache.Format.Hashing.Xxh3Mix;

namespace PrefixCache.Format.Hashing;

/// <summary>The striped path without vectors, for machines that have none.</summary>
internal static unsafe class Xxh3Scalar
{
    public static void Accumulate(byte* input, uint length, byte* secret, ulong* lanes)
    {
        byte* lastStripe = input + length - StripeLength;
        // The last stripe is taken apart from the others even when it ends a block, hence length - 1.
        for (uint block = (length - 1) / BlockLength; block > 0; block--, input += BlockLength)
        {
            for (int stripe = 0; stripe < StripesPerBlock; stripe++)
                Step(input + (stripe * StripeLength), secret + (stripe * SecretStep), lanes);
            Scramble(secret + ScrambleSecret, lanes);
        }

        uint rest = (length - 1) % BlockLength / StripeLength;
        for (uint stripe = 0; stripe < rest; stripe++)
            Step(input + (stripe * StripeLength), secret + (stripe * SecretStep), lanes);
        Step(lastStripe, secret + LastStripeSecret, lanes);
    }

    private static void Step(byte* input, byte* secret, ulong* lanes)
    {
        for (int lane = 0; lane < Lanes; lane++)
        {
            ulong value = Read64(input + (8 * lane));
            ulong key = value ^ Read64(secret + (8 * lane));
            lanes[lane ^ 1] += value;
            lanes[lane] += (uint)key * (key >> 32);
        }
    }

    private static void Scramble(byte* secret, ulong* lanes)
    {
        for (int lane = 0; lane < Lanes; lane++)
        {
            ulong value = lanes[lane];
            lanes[lane] = (value ^ (value >> 47) ^ Read64(secret + (8 * lane))) * Xxh3Primes.Prime32A;
        }
    }
}
