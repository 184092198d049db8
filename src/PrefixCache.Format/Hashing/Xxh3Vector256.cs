using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using static PrefixCache.Format.Hashing.Xxh3Long;

namespace PrefixCache.Format.Hashing;

/// <summary>The striped path with four lanes a register (AVX2).</summary>
internal static unsafe class Xxh3Vector256
{
    public static void Accumulate(byte* input, uint length, byte* secret, ulong* lanes)
    {
        byte* lastStripe = input + length - StripeLength;
        Vector256<ulong> low = Vector256.Load(lanes);
        Vector256<ulong> high = Vector256.Load(lanes + 4);
        for (uint block = (length - 1) / BlockLength; block > 0; block--, input += BlockLength)
        {
            for (int stripe = 0; stripe < StripesPerBlock; stripe++)
            {
                byte* at = input + (stripe * StripeLength);
                byte* key = secret + (stripe * SecretStep);
                low = Step(low, at, key);
                high = Step(high, at + 32, key + 32);
            }

            low = Scramble(low, secret + ScrambleSecret);
            high = Scramble(high, secret + ScrambleSecret + 32);
        }

        uint rest = (length - 1) % BlockLength / StripeLength;
        for (uint stripe = 0; stripe < rest; stripe++)
        {
            low = Step(low, input + (stripe * StripeLength), secret + (stripe * SecretStep));
            high = Step(high, input + (stripe * StripeLength) + 32, secret + (stripe * SecretStep) + 32);
        }

        Step(low, lastStripe, secret + LastStripeSecret).Store(lanes);
        Step(high, lastStripe + 32, secret + LastStripeSecret + 32).Store(lanes + 4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Step(Vector256<ulong> state, byte* input, byte* secret)
    {
        Vector256<ulong> value = Vector256.Load((ulong*)input);
        Vector256<ulong> key = value ^ Vector256.Load((ulong*)secret);
        Vector256<ulong> product = Avx2.Multiply(key.AsUInt32(), Avx2.Shuffle(key.AsUInt32(), 0b10_11_00_01));
        Vector256<ulong> exchanged = Avx2.Shuffle(value.AsUInt32(), 0b01_00_11_10).AsUInt64();
        return state + exchanged + product;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Scramble(Vector256<ulong> state, byte* secret)
    {
        Vector256<ulong> mixed = state ^ (state >>> 47) ^ Vector256.Load((ulong*)secret);
        Vector256<uint> prime = Vector256.Create(Xxh3Primes.Prime32A);
        Vector256<ulong> high = Avx2.Multiply(Avx2.Shuffle(mixed.AsUInt32(), 0b10_11_00_01), prime);
        return Avx2.Multiply(mixed.AsUInt32(), prime) + (high << 32);
    }
}
