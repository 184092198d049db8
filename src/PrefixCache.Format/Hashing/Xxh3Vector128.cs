using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using static PrefixCache.Format.Hashing.Xxh3Long;

namespace PrefixCache.Format.Hashing;

/// <summary>The striped path with two lanes a register (SSE2, Advanced SIMD, and whatever else has 128-bit vectors).</summary>
internal static unsafe class Xxh3Vector128
{
    public static void Accumulate(byte* input, uint length, byte* secret, ulong* lanes)
    {
        byte* lastStripe = input + length - StripeLength;
        Vector128<ulong> a = Vector128.Load(lanes);
        Vector128<ulong> b = Vector128.Load(lanes + 2);
        Vector128<ulong> c = Vector128.Load(lanes + 4);
        Vector128<ulong> d = Vector128.Load(lanes + 6);
        for (uint block = (length - 1) / BlockLength; block > 0; block--, input += BlockLength)
        {
            for (int stripe = 0; stripe < StripesPerBlock; stripe++)
                Step(ref a, ref b, ref c, ref d, input + (stripe * StripeLength), secret + (stripe * SecretStep));

            byte* key = secret + ScrambleSecret;
            a = Scramble(a, key);
            b = Scramble(b, key + 16);
            c = Scramble(c, key + 32);
            d = Scramble(d, key + 48);
        }

        uint rest = (length - 1) % BlockLength / StripeLength;
        for (uint stripe = 0; stripe < rest; stripe++)
            Step(ref a, ref b, ref c, ref d, input + (stripe * StripeLength), secret + (stripe * SecretStep));
        Step(ref a, ref b, ref c, ref d, lastStripe, secret + LastStripeSecret);

        a.Store(lanes);
        b.Store(lanes + 2);
        c.Store(lanes + 4);
        d.Store(lanes + 6);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step(
        ref Vector128<ulong> a, ref Vector128<ulong> b, ref Vector128<ulong> c, ref Vector128<ulong> d, byte* input, byte* secret)
    {
        a = Step(a, input, secret);
        b = Step(b, input + 16, secret + 16);
        c = Step(c, input + 32, secret + 32);
        d = Step(d, input + 48, secret + 48);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Step(Vector128<ulong> state, byte* input, byte* secret)
    {
        Vector128<ulong> value = Vector128.Load((ulong*)input);
        Vector128<ulong> key = value ^ Vector128.Load((ulong*)secret);
        return state + Vector128.Shuffle(value, Vector128.Create(1UL, 0UL)) + MultiplyLow(key, key >>> 32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Scramble(Vector128<ulong> state, byte* secret)
    {
        Vector128<ulong> mixed = state ^ (state >>> 47) ^ Vector128.Load((ulong*)secret);
        Vector128<ulong> prime = Vector128.Create((ulong)Xxh3Primes.Prime32A);
        return MultiplyLow(mixed, prime) + (MultiplyLow(mixed >>> 32, prime) << 32);
    }

    /// <summary>The 64-bit products of the lanes' lower halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> MultiplyLow(Vector128<ulong> left, Vector128<ulong> right)
    {
        if (Sse2.IsSupported) return Sse2.Multiply(left.AsUInt32(), right.AsUInt32());
        if (AdvSimd.IsSupported)
            return AdvSimd.MultiplyWideningLower(AdvSimd.ExtractNarrowingLower(left), AdvSimd.ExtractNarrowingLower(right));

        Vector128<ulong> lowerHalf = Vector128.Create((ulong)uint.MaxValue);
        return (left & lowerHalf) * (right & lowerHalf);
    }
}
