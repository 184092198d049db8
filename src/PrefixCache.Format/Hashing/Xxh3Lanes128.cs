using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace PrefixCache.Format.Hashing;

/// <summary>Two lanes a register (SSE2, Advanced SIMD, and whatever else has 128-bit vectors).</summary>
internal readonly unsafe struct Xxh3Lanes128(Vector128<ulong> a, Vector128<ulong> b, Vector128<ulong> c, Vector128<ulong> d)
    : IXxh3Lanes<Xxh3Lanes128>
{
    private readonly Vector128<ulong> _a = a;
    private readonly Vector128<ulong> _b = b;
    private readonly Vector128<ulong> _c = c;
    private readonly Vector128<ulong> _d = d;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Xxh3Lanes128 Load(byte* at)
    {
        ulong* lanes = (ulong*)at;
        return new(Vector128.Load(lanes), Vector128.Load(lanes + 2), Vector128.Load(lanes + 4), Vector128.Load(lanes + 6));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(byte* at)
    {
        ulong* lanes = (ulong*)at;
        _a.Store(lanes);
        _b.Store(lanes + 2);
        _c.Store(lanes + 4);
        _d.Store(lanes + 6);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreNonTemporal(byte* at)
    {
        ulong* lanes = (ulong*)at;
        _a.StoreAlignedNonTemporal(lanes);
        _b.StoreAlignedNonTemporal(lanes + 2);
        _c.StoreAlignedNonTemporal(lanes + 4);
        _d.StoreAlignedNonTemporal(lanes + 6);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Xxh3Lanes128 Accumulate(Xxh3Lanes128 state, Xxh3Lanes128 stripe, Xxh3Lanes128 secret) => new(
        Accumulate(state._a, stripe._a, secret._a), Accumulate(state._b, stripe._b, secret._b),
        Accumulate(state._c, stripe._c, secret._c), Accumulate(state._d, stripe._d, secret._d));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Xxh3Lanes128 Scramble(Xxh3Lanes128 state, Xxh3Lanes128 secret) => new(
        Scramble(state._a, secret._a), Scramble(state._b, secret._b), Scramble(state._c, secret._c), Scramble(state._d, secret._d));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Accumulate(Vector128<ulong> state, Vector128<ulong> value, Vector128<ulong> secret)
    {
        Vector128<ulong> key = value ^ secret;
        return state + Vector128.Shuffle(value, Vector128.Create(1UL, 0UL)) + MultiplyLow(key, key >>> 32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Scramble(Vector128<ulong> state, Vector128<ulong> secret)
    {
        Vector128<ulong> mixed = state ^ (state >>> 47) ^ secret;
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
