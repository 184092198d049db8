using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PrefixCache.Format.Hashing;

/// <summary>All eight lanes in one register (AVX-512F).</summary>
internal readonly unsafe struct Xxh3Lanes512(Vector512<ulong> value) : IXxh3Lanes<Xxh3Lanes512>
{
    private readonly Vector512<ulong> _value = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Xxh3Lanes512 Load(byte* at) => new(Vector512.Load((ulong*)at));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(byte* at) => _value.Store((ulong*)at);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreNonTemporal(byte* at) => _value.StoreAlignedNonTemporal((ulong*)at);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Xxh3Lanes512 Accumulate(Xxh3Lanes512 state, Xxh3Lanes512 stripe, Xxh3Lanes512 secret)
    {
        Vector512<ulong> key = stripe._value ^ secret._value;
        // 0b10_11_00_01 brings the upper half of each lane down; 0b01_00_11_10 exchanges neighbouring lanes.
        Vector512<ulong> product = Avx512F.Multiply(key.AsUInt32(), Avx512F.Shuffle(key.AsUInt32(), 0b10_11_00_01));
        Vector512<ulong> exchanged = Avx512F.Shuffle(stripe._value.AsUInt32(), 0b01_00_11_10).AsUInt64();
        return new(state._value + exchanged + product);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Xxh3Lanes512 Scramble(Xxh3Lanes512 state, Xxh3Lanes512 secret)
    {
        Vector512<ulong> mixed = state._value ^ (state._value >>> 47) ^ secret._value;
        // 64 × 32-bit product from two 32 × 32: the low halves, and the high halves moved up.
        Vector512<uint> prime = Vector512.Create(Xxh3Primes.Prime32A);
        Vector512<ulong> high = Avx512F.Multiply(Avx512F.Shuffle(mixed.AsUInt32(), 0b10_11_00_01), prime);
        return new(Avx512F.Multiply(mixed.AsUInt32(), prime) + (high << 32));
    }
}
