using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using static PrefixCache.Format.Hashing.Xxh3Long;

namespace PrefixCache.Format.Hashing;

/// <summary>The striped path with all eight lanes in one register (AVX-512F).</summary>
internal static unsafe class Xxh3Vector512
{
    public static void Accumulate(byte* input, uint length, byte* secret, ulong* lanes)
    {
        byte* lastStripe = input + length - StripeLength;
        Vector512<ulong> state = Vector512.Load(lanes);
        for (uint block = (length - 1) / BlockLength; block > 0; block--, input += BlockLength)
        {
            for (int stripe = 0; stripe < StripesPerBlock; stripe++)
                state = Step(state, input + (stripe * StripeLength), secret + (stripe * SecretStep));
            state = Scramble(state, secret + ScrambleSecret);
        }

        uint rest = (length - 1) % BlockLength / StripeLength;
        for (uint stripe = 0; stripe < rest; stripe++)
            state = Step(state, input + (stripe * StripeLength), secret + (stripe * SecretStep));
        Step(state, lastStripe, secret + LastStripeSecret).Store(lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Step(Vector512<ulong> state, byte* input, byte* secret)
    {
        Vector512<ulong> value = Vector512.Load((ulong*)input);
        Vector512<ulong> key = value ^ Vector512.Load((ulong*)secret);
        // 0b10_11_00_01 brings the upper half of each lane down; 0b01_00_11_10 exchanges neighbouring lanes.
        Vector512<ulong> product = Avx512F.Multiply(key.AsUInt32(), Avx512F.Shuffle(key.AsUInt32(), 0b10_11_00_01));
        Vector512<ulong> exchanged = Avx512F.Shuffle(value.AsUInt32(), 0b01_00_11_10).AsUInt64();
        return state + exchanged + product;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Scramble(Vector512<ulong> state, byte* secret)
    {
        Vector512<ulong> mixed = state ^ (state >>> 47) ^ Vector512.Load((ulong*)secret);
        // 64 × 32-bit product from two 32 × 32: the low halves, and the high halves moved up.
        Vector512<uint> prime = Vector512.Create(Xxh3Primes.Prime32A);
        Vector512<ulong> high = Avx512F.Multiply(Avx512F.Shuffle(mixed.AsUInt32(), 0b10_11_00_01), prime);
        return Avx512F.Multiply(mixed.AsUInt32(), prime) + (high << 32);
    }
}
