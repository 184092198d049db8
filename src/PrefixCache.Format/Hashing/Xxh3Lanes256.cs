using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PrefixCache.Format.Hashing;

/// <summary>Four lanes a register (AVX2).</summary>
internal readonly unsafe struct Xxh3Lanes256(Vector256<ulong> low, Vector256<ulong> high) : IXxh3Lanes<Xxh3Lanes256>
{
    private readonly Vector256<ulong> _low = low;
    private readonly Vector256<ulong> _high = high;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Xxh3Lanes256 Load(byte* at) => new(Vector256.Load((ulong*)at), Vector256.Load((ulong*)at + 4));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(byte* at)
    {
        _low.Store((ulong*)at);
        _high.Store((ulong*)at + 4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreNonTemporal(byte* at)
    {
        _low.StoreAlignedNonTemporal((ulong*)at);
        _high.StoreAlignedNonTemporal((ulong*)at + 4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Xxh3Lanes256 Accumulate(Xxh3Lanes256 state, Xxh3Lanes256 stripe, Xxh3Lanes256 secret) =>
        new(Accumulate(state._low, stripe._low, secret._low), Accumulate(state._high, stripe._high, secret._high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Xxh3Lanes256 Scramble(Xxh3Lanes256 state, Xxh3Lanes256 secret) =>
        new(Scramble(state._low, secret._low), Scramble(state._high, secret._high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Accumulate(Vector256<ulong> state, Vector256<ulong> value, Vector256<ulong> secret)
    {
        Vector256<ulong> key = value ^ secret;
        Vector256<ulong> product = Avx2.Multiply(key.AsUInt32(), Avx2.Shuffle(key.AsUInt32(), 0b10_11_00_01));
        Vector256<ulong> exchanged = Avx2.Shuffle(value.AsUInt32(), 0b01_00_11_10).AsUInt64();
        return state + exchanged + product;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Scramble(Vector256<ulong> state, Vector256<ulong> secret)
    {
        Vector256<ulong> mixed = state ^ (state >>> 47) ^ secret;
        Vector256<uint> prime = Vector256.Create(Xxh3Primes.Prime32A);
        Vector256<ulong> high = Avx2.Multiply(Avx2.Shuffle(mixed.AsUInt32(), 0b10_11_00_01), prime);
        return Avx2.Multiply(mixed.AsUInt32(), prime) + (high << 32);
    }
}
